package iscsiadm

import (
	"errors"
	"testing"
)

func TestAction(t *testing.T) {
	t.Parallel()
	const (
		missing  = "Discovery record [192.0.2.9,3260] not found!"
		gone     = "Discovery record [192.0.2.9,3260] not found."
		goneISNS = "Discovery record [192.0.2.9,3205] not found."
		invalid  = "Invalid operation."
		not      = "Operation is not supported."
		newMode  = "Operations new and update for discovery mode is not supported. Use discoverydb mode."
	)
	for _, tt := range []struct {
		line    string
		want    Action
		found   string // what is said where the record is there
		missing string // and where it is not
	}{
		{"-V", ShowVersion, "", ""},
		{"-h", ShowHelp, "", ""},
		{"-k 0", HandOn, "", ""},
		{"-m node", HandOn, "", ""},
		{"-m discovery -t isns -p 192.0.2.9", AskISNS, "", ""},
		{"-m discoverydb -t isns -p 192.0.2.9 -D", AskISNS, "", ""},
		{"-m discovery -t fw", HandOn, "", ""},
		{"-m discoverydb -t fw -D", HandOn, "", ""},
		{"-m discoverydb -t isns -p 192.0.2.9 -o new", MakeRecord, "", ""},
		{"-m discoverydb -t isns -p 192.0.2.9", ShowRecord, "", goneISNS},
		{"-m discoverydb -t isns -p 192.0.2.9 -o update -n a", UpdateRecord, "Update requires name and value.", goneISNS},
		{"-m discoverydb -t isns -p 192.0.2.9 -o delete", DeleteRecord, "", goneISNS},
		{"-m discoverydb -t isns -p 192.0.2.9 -o update -o delete", Refuse, not, goneISNS},
		{"-m discovery -t isns -p 192.0.2.9 -o delete", AskISNS, "", ""},
		{"-m discovery -t st -p 192.0.2.9", Ask, "", ""},
		{"-m discovery -t st -p 192.0.2.9 -D -l -o delete -n a", Ask, "", ""},
		{"-m discovery", List, "", ""},
		{"-m discovery -D -o show", List, "", ""},
		{"-m discovery -t bogus", List, "", ""},
		{"-m discovery -p 192.0.2.9", ShowRecord, "", missing},
		{"-m discovery -t bogus -p 192.0.2.9 -o show", ShowRecord, "", missing},
		{"-m discovery -p 192.0.2.9 -D", AskStored, "", missing},
		{"-m discovery -p 192.0.2.9 -l -o new", AskStored, "", missing},
		{"-m discovery -p 192.0.2.9 -o delete", DeleteRecord, "", missing},
		{"-m discovery -p 192.0.2.9 -o new", Refuse, newMode, missing},
		{"-m discovery -p 192.0.2.9 -o update -n a -v b", Refuse, newMode, missing},
		{"-m discovery -p 192.0.2.9 -o new -o update", Refuse, invalid, missing},
		{"-m discovery -p 192.0.2.9 -o nonpersistent", Refuse, invalid, missing},
		{"-m discovery -p 192.0.2.9 -o show -o delete", Refuse, invalid, missing},
		{"-m discoverydb", List, "", ""},
		{"-m discoverydb -D -o show -P 1", List, "", ""},
		{"-m discoverydb -t st -p 192.0.2.9", ShowRecord, "", gone},
		{"-m discoverydb -t st -p 192.0.2.9 -o show -S", ShowRecord, "", gone},
		{"-m discoverydb -t st -p 192.0.2.9 -l", ShowRecord, "", gone},
		{"-m discoverydb -t st -p 192.0.2.9 -D -o update", AskDB, "", ""},
		{"-m discoverydb -t st -p 192.0.2.9 -D -o new", AskDB, "", ""},
		{"-m discoverydb -t st -p 192.0.2.9 -o new", MakeRecord, "", ""},
		{"-m discoverydb -t st -p 192.0.2.9 -o new -o update -o delete", MakeRecord, "", ""},
		{"-m discoverydb -t st -p 192.0.2.9 -o update -n a -v b", UpdateRecord, "", gone},
		{"-m discoverydb -t st -p 192.0.2.9 -o update -n a", UpdateRecord, "Update requires name and value.", gone},
		{"-m discoverydb -t st -p 192.0.2.9 -o delete", DeleteRecord, "", gone},
		{"-m discoverydb -t st -p 192.0.2.9 -o update -o delete", Refuse, not, gone},
		{"-m discoverydb -t st -p 192.0.2.9 -o nonpersistent", Refuse, not, gone},
		{"-m discoverydb -t st -p 192.0.2.9 -o login", Refuse, not, gone},
	} {
		t.Run(tt.line, func(t *testing.T) {
			t.Parallel()
			c, err := Parse(words(tt.line))
			if err == nil {
				err = c.Check()
			}
			if err != nil || c.Action() != tt.want {
				t.Fatalf("got %v, %v; want action %d", c, err, tt.want)
			}
			for found, want := range map[bool]string{true: tt.found, false: tt.missing} {
				err := c.CheckRecord(found)
				var usage *UsageError
				switch {
				case err == nil && want == "":
				case !errors.As(err, &usage) || usage.Text != want:
					t.Errorf("found %t: got %v, want %s", found, err, want)
				case (usage.Status() == ExitStore) != (want == gone || want == goneISNS):
					t.Errorf("found %t: exit %d", found, usage.Status())
				}
			}
		})
	}
}

func TestOnly(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]bool{
		"-m node": true, "-m node -d 1 -o show -p 192.0.2.9": true, "-m node -P 1": true,
		"-m node -l": false, "-m node -o show -n a": false, "-m node -T x": false,
	} {
		c, err := Parse(words(line))
		if err != nil || c.Only("poP") != want {
			t.Errorf("%s: got %t, %v", line, !want, err)
		}
	}
}
