// Package sd answers /sd: the portals that Prometheus may want to probe, as its HTTP
// service discovery reads them.
package sd
