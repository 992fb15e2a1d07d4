package dial

import (
	"net/netip"
	"testing"
)

// Row R21 for each sort of address that a name may turn out to have.
func TestAbuseAddresses(t *testing.T) {
	for _, c := range []struct {
		address string
		allow   string
		plain   bool
		ok      bool
	}{
		{"93.184.216.34:443", "", false, true},
		{"[2606:2800:220:1::1]:443", "", false, true},
		{"127.0.0.1:443", "", false, false},
		{"127.0.0.1:443", "127.0.0.0/8", false, true},
		{"[::1]:443", "", false, false},
		{"[::ffff:127.0.0.1]:443", "", false, false},
		{"[::ffff:10.0.0.1]:443", "", false, false},
		{"[64:ff9b::a00:1]:443", "", false, false},
		{"[2002:0a00:0001::]:443", "", false, false},
		{"10.1.2.3:443", "", false, false},
		{"10.1.2.3:443", "10.1.0.0/16", false, true},
		{"10.2.2.3:443", "10.1.0.0/16", false, false},
		{"172.16.0.1:443", "", false, false},
		{"192.168.1.1:443", "", false, false},
		{"169.254.169.254:80", "", false, false},
		{"100.64.0.1:443", "", false, false},
		{"0.0.0.0:443", "", false, false},
		{"[fe80::1%eth0]:443", "", false, false},
		{"[fd00::1]:443", "", false, false},
		{"224.0.0.1:443", "", false, false},
		{"255.255.255.255:443", "", false, false},
		{"93.184.216.34:80", "", true, false},
		{"10.1.2.3:80", "10.0.0.0/8", true, false},
		{"127.0.0.1:80", "127.0.0.1/32", true, true},
		{"junk", "", false, false},
	} {
		t.Run(c.address+" "+c.allow, func(t *testing.T) {
			var allow []netip.Prefix
			if c.allow != "" {
				allow = append(allow, netip.MustParsePrefix(c.allow))
			}
			if err := mayDial(c.address, allow, c.plain); (err == nil) != c.ok {
				t.Errorf("mayDial = %v, want ok = %v", err, c.ok)
			}
		})
	}
}
