package main

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The samples in deploy/ name keys of Config; a renamed key must not leave them behind.
func TestDeployFilesNameOnlyKnownVariables(t *testing.T) {
	var c Config
	known := []string{"POSTERN_DOMAIN", "POSTERN_UPSTREAMS"} // the compose files' own
	for _, k := range scalars(reflect.ValueOf(&c).Elem(), "") {
		known = append(known, k.variable())
	}
	for _, name := range []string{"Dockerfile", "compose.yaml", "compose.scaled.yaml", "Caddyfile"} {
		found := regexp.MustCompile(`POSTERN_[A-Z_]+`).FindAllString(deployFile(t, name), -1)
		if len(found) == 0 {
			t.Errorf("%s names no variable", name)
		}
		for _, v := range found {
			if !slices.Contains(known, v) {
				t.Errorf("%s: unknown variable %s", name, v)
			}
		}
	}
}

func TestComposeFiles(t *testing.T) {
	cases := []struct {
		name     string
		services []string
	}{
		{"compose.yaml", []string{"gateway", "proxy"}},
		{"compose.scaled.yaml", []string{"gateway-1", "gateway-2", "postgres", "redis", "proxy"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			text := deployFile(t, c.name)
			sections := outline(t, text)
			if got := sections["services"]; !slices.Equal(got, c.services) {
				t.Errorf("services %v", got)
			}
			declared := slices.Concat(sections["services"], sections["volumes"], sections["networks"], sections["secrets"])
			for _, m := range regexp.MustCompile(`(?m)^    (?:secrets|networks|depends_on): \[(.+)\]$`).FindAllStringSubmatch(text, -1) {
				for _, name := range strings.Split(m[1], ", ") {
					if !slices.Contains(declared, name) {
						t.Errorf("%s is used and not declared", name)
					}
				}
			}
			for _, m := range regexp.MustCompile(`/run/secrets/(\w+)`).FindAllStringSubmatch(text, -1) {
				if !slices.Contains(sections["secrets"], m[1]) {
					t.Errorf("secret %s is used and not declared", m[1])
				}
			}
		})
	}
}

func TestUnitStartsWithFlagsThatExist(t *testing.T) {
	var c Config
	known := []string{"--config"}
	for _, k := range scalars(reflect.ValueOf(&c).Elem(), "") {
		known = append(known, "--"+k.flag())
	}
	line := regexp.MustCompile(`(?m)^ExecStart=.*$`).FindString(deployFile(t, "postern.service"))
	flags := regexp.MustCompile(`--[a-z-]+`).FindAllString(line, -1)
	if len(flags) == 0 {
		t.Fatal("no flags in ExecStart")
	}
	for _, f := range flags {
		if !slices.Contains(known, f) {
			t.Errorf("unknown flag %s", f)
		}
	}
}

// outline reads the two upper levels of a YAML file of plain maps: section → its keys, in order. A tab, an odd
// indent or a key that appears twice fails the test.
func outline(t *testing.T, text string) map[string][]string {
	t.Helper()
	all, section := map[string][]string{}, ""
	for n, line := range strings.Split(text, "\n") {
		trimmed := strings.TrimLeft(line, " ")
		indent := len(line) - len(trimmed)
		if strings.Contains(line, "\t") || indent%2 != 0 {
			t.Errorf("line %d: tab or odd indent", n+1)
		}
		key, _, isKey := strings.Cut(trimmed, ":")
		if trimmed == "" || trimmed[0] == '#' || indent > 2 {
			continue
		}
		if !isKey {
			t.Errorf("line %d: neither a key nor a comment", n+1)
			continue
		}
		if indent == 0 {
			section = key
			if _, twice := all[key]; twice {
				t.Errorf("section %s appears twice", key)
			}
			all[key] = nil
			continue
		}
		if slices.Contains(all[section], key) {
			t.Errorf("%s.%s appears twice", section, key)
		}
		all[section] = append(all[section], key)
	}
	return all
}

func deployFile(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "deploy", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
