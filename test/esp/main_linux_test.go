package esp_test

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/go-iscsi/discovery/test/ipsec/job"
	"github.com/go-iscsi/discovery/test/ipsec/suite"
	"github.com/go-iscsi/discovery/test/netns"
)

// suiteVariable has a copy of the test program run the suite of enforcers in a guest.
const suiteVariable = "ESP_TEST_SUITE"

func TestMain(m *testing.M) {
	if text := os.Getenv(job.Variable); text != "" {
		os.Exit(job.Main(text))
	}
	if os.Getenv(suiteVariable) == "" { // else it is in a guest, where the network is
		netns.Isolate()
	}
	os.Exit(m.Run())
}

// TestSuiteInGuest is run in a guest by testSuite of the lab.
func TestSuiteInGuest(t *testing.T) {
	text := os.Getenv(suiteVariable)
	if text == "" {
		t.Skip("TestESP runs it in a guest")
	}
	var s suite.Suite
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		t.Fatal(err)
	}
	s.Run(t)
}
