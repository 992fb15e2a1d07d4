package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// The samples compute what the vectors say: digest, commitment, witness, approval and signature of one receipt.
// The sample in Go uses the library, which has its own test of them.
func TestSampleVectors(t *testing.T) {
	abs := func(parts ...string) string {
		p, err := filepath.Abs(filepath.Join(parts...))
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	vectors, folder, out := abs("..", "..", "verify", "testdata", "vectors", "gate.json"), abs("..", "..", "deploy", "samples"), t.TempDir()
	driver := func(name string) string { return abs("testdata", "samples", name) }
	java, err := filepath.Glob(folder + "/java/*.java")
	if err != nil {
		t.Fatal(err)
	}
	for name, commands := range map[string][][]string{
		"java": {
			append([]string{"javac", "-d", out, driver("Vectors.java")}, java...),
			{"java", "-XX:TieredStopAtLevel=1", "-cp", out, "Vectors", vectors},
		},
		"node":   {{"node", driver("vectors.mjs"), folder + "/node", vectors}},
		"php":    {{"php", driver("vectors.php"), folder + "/php", vectors}},
		"python": {{"/usr/bin/python3", driver("vectors.py"), folder + "/python", vectors}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []byte
			for _, command := range commands {
				c := exec.CommandContext(t.Context(), command[0], command[1:]...)
				c.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1")
				if got, err = c.CombinedOutput(); err != nil {
					t.Fatalf("%v: %v\n%s", command, err, got)
				}
			}
			want := "2Wh1qgHJwY64AKGu4ICPoMSi4bTloIlIMCZdlwzulVM yP9Mf3eNabxgHR22qjrbU3B3cLz1iEMVgulrCBDmkR4\nreceipt.expired\n"
			if string(got) != want {
				t.Errorf("got  %q\nwant %q", got, want)
			}
		})
	}
}
