// A reverse proxy as Go's standard library has it: proxy ADDRESS UPSTREAM.
package main

import (
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
)

func main() {
	upstream, err := url.Parse(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	// The default of two would open and close connections all the time.
	transport.MaxIdleConns, transport.MaxIdleConnsPerHost = 4096, 4096
	transport.DisableCompression = true
	proxy := &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(upstream) },
		Transport: transport,
		// Streams are flushed at once anyway, by their content type.
	}
	log.Fatal(http.ListenAndServe(os.Args[1], proxy))
}
