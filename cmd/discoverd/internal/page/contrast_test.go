package page

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/go-iscsi/discovery/cmd/internal/paths"
)

// TestContrast: what is written has a contrast of 4.5 to what is behind it (WCAG 2.2,
// 1.4.3), and what is drawn one of 3, in light, dark and on paper.
func TestContrast(t *testing.T) {
	variable := regexp.MustCompile(`--(\w+):(#[0-9a-f]{3,6})`)
	for name, sheet := range map[string]string{"style.css": string(styleSheet), "the picture": paths.Style} {
		theme := map[string]string{}
		for i, block := range regexp.MustCompile(`(?::root|\.iscsi-paths)\{([^}]*--bg:[^}]*)\}`).FindAllStringSubmatch(sheet, -1) {
			for _, m := range variable.FindAllStringSubmatch(block[1], -1) {
				theme[m[1]] = m[2]
			}
			for color, value := range theme {
				if color == "bg" || color == "soft" || color == "line" {
					continue
				}
				for _, ground := range []string{"bg", "soft"} {
					if got := contrast(t, value, theme[ground]); got < 4.5 {
						t.Errorf("%s, theme %d: --%s %s on --%s %s has a contrast of %.2f", name, i, color, value, ground, theme[ground], got)
					}
				}
			}
		}
		if len(theme) < 8 {
			t.Errorf("%s: got the colors %v", name, theme)
		}
	}
}

// contrast returns the contrast of two colors.
func contrast(t *testing.T, a, b string) float64 {
	x, y := luminance(t, a), luminance(t, b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func luminance(t *testing.T, color string) float64 {
	hex := strings.TrimPrefix(color, "#")
	if len(hex) == 3 {
		hex = fmt.Sprintf("%c%c%c%c%c%c", hex[0], hex[0], hex[1], hex[1], hex[2], hex[2])
	}
	n, err := strconv.ParseUint(hex, 16, 32)
	if err != nil || len(hex) != 6 {
		t.Fatalf("the color %q", color)
	}
	l := 0.0
	for i, weight := range []float64{0.0722, 0.7152, 0.2126} {
		c := float64(n>>(8*i)&255) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		l += weight * c
	}
	return l
}
