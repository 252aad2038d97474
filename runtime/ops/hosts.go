package ops

import (
	"net"
	"strconv"
)

// badHosts checks a `hosts` field, which maps names to addresses.
func badHosts(hosts map[string]string) []*FieldError {
	var errs []*FieldError
	for _, h := range sortedKeys(hosts) {
		if net.ParseIP(hosts[h]) == nil {
			errs = append(errs, &FieldError{
				Field: "hosts." + h, Code: "bad-value",
				Message: hosts[h] + " is not an IP address",
			})
		}
	}
	return errs
}

// index is the path of an element of a list in a field.
func index(field string, i int) string { return field + "[" + strconv.Itoa(i) + "]" }
