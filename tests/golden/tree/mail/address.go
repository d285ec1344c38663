package mail

import (
	"fmt"
	"strings"
)

// Address is a mailbox with the name it is shown under.
type Address struct {
	Name  string
	Local string
	Host  string
}

// ParseAddress reads `Jane Doe <jane@example.org>` or a bare `jane@example.org`.
func ParseAddress(raw string) (Address, error) {
	name, rest := "", strings.TrimSpace(raw)
	if open := strings.LastIndexByte(rest, '<'); open >= 0 && strings.HasSuffix(rest, ">") {
		name, rest = strings.TrimSpace(rest[:open]), rest[open+1:len(rest)-1]
	}
	at := strings.LastIndexByte(rest, '@')
	if at < 1 || at == len(rest)-1 {
		return Address{}, fmt.Errorf("mail: %q is not an address: it needs a name before and a host after the @", raw)
	}
	return Address{Name: name, Local: rest[:at], Host: strings.ToLower(rest[at+1:])}, nil
}

// String writes the address as a header shows it.
func (a Address) String() string {
	if a.Name == "" {
		return a.Local + "@" + a.Host
	}
	return fmt.Sprintf("%s <%s@%s>", a.Name, a.Local, a.Host)
}

// Redacted hides most of the mailbox, for logs.
func (a Address) Redacted() string {
	return a.Local[:1] + "***@" + a.Host
}
