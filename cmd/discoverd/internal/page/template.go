package page

import (
	"embed"
	"html/template"
)

//go:embed templates/*.html
var templates embed.FS

//go:embed style.css
var styleSheet []byte

// parse returns the template of a page with all that pages have in common.
func parse(name string) *template.Template {
	return template.Must(template.ParseFS(templates, "templates/page.html", "templates/parts.html", "templates/"+name+".html"))
}
