package main

import (
	"bytes"
	"encoding/json"
)

// spdxDocumentID is the identifier of each document in itself.
const spdxDocumentID = "SPDXRef-DOCUMENT"

// An spdx is a document of SPDX 2.3 in its JSON format.
type spdx struct {
	Version       string             `json:"spdxVersion"`
	License       string             `json:"dataLicense"`
	SPDXID        string             `json:"SPDXID"`
	Name          string             `json:"name"`
	Namespace     string             `json:"documentNamespace"`
	Creation      spdxCreation       `json:"creationInfo"`
	Packages      []spdxPackage      `json:"packages"`
	Relationships []spdxRelationship `json:"relationships"`
}

type spdxCreation struct {
	Created  string   `json:"created"`
	Creators []string `json:"creators"`
}

type spdxPackage struct {
	SPDXID     string          `json:"SPDXID"`
	Name       string          `json:"name"`
	Version    string          `json:"versionInfo"`
	FileName   string          `json:"packageFileName,omitempty"`
	Purpose    string          `json:"primaryPackagePurpose"`
	Supplier   string          `json:"supplier"`
	Download   string          `json:"downloadLocation"`
	Analyzed   bool            `json:"filesAnalyzed"` // never: no files are listed
	Checksums  []spdxChecksum  `json:"checksums,omitempty"`
	Source     string          `json:"sourceInfo,omitempty"`
	Concluded  string          `json:"licenseConcluded"`
	Declared   string          `json:"licenseDeclared"`
	Copyright  string          `json:"copyrightText"`
	Comment    string          `json:"comment,omitempty"`
	References []spdxReference `json:"externalRefs,omitempty"`
}

type spdxChecksum struct {
	Algorithm string `json:"algorithm"`
	Value     string `json:"checksumValue"`
}

type spdxReference struct {
	Category string `json:"referenceCategory"`
	Type     string `json:"referenceType"`
	Locator  string `json:"referenceLocator"`
}

type spdxRelationship struct {
	Of      string `json:"spdxElementId"`
	Type    string `json:"relationshipType"`
	Related string `json:"relatedSpdxElement"`
}

// newSPDX returns a document without packages. It is created at the time of the commit,
// so that it does not depend on when it is built.
func newSPDX(name, created string) *spdx {
	return &spdx{
		Version: "SPDX-2.3", License: "CC0-1.0", SPDXID: spdxDocumentID, Name: name,
		Creation: spdxCreation{created, []string{ours, "Tool: " + module + "/internal/release"}},
	}
}

// add adds a package.
func (d *spdx) add(p spdxPackage) { d.Packages = append(d.Packages, p) }

// relate adds a relationship.
func (d *spdx) relate(of, kind, related string) {
	d.Relationships = append(d.Relationships, spdxRelationship{of, kind, related})
}

// encode returns the document. Its namespace has to be that of no other document, and is
// made from the content: two builds with the same content have the same.
func (d *spdx) encode() ([]byte, error) {
	d.Namespace = ""
	b, err := d.json()
	if err != nil {
		return nil, err
	}
	d.Namespace = "https://" + module + "/spdx/" + d.Name + "-" + digest(b)
	return d.json()
}

func (d *spdx) json() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(d)
	return b.Bytes(), err
}
