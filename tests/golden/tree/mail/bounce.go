package mail

import "strings"

// Bounce is a report that a message could not be delivered.
type Bounce struct {
	Recipient string
	Status    string
	Permanent bool
}

// ParseBounce reads the delivery status of a returned message; ok is false for ordinary mail.
func ParseBounce(body string) (bounce Bounce, ok bool) {
	for _, line := range strings.Split(body, "\n") {
		key, value, found := strings.Cut(line, ":")
		if !found {
			continue
		}
		switch strings.ToLower(strings.TrimSpace(key)) {
		case "final-recipient":
			_, address, _ := strings.Cut(value, ";")
			bounce.Recipient, ok = strings.TrimSpace(address), true
		case "status":
			bounce.Status = strings.TrimSpace(value)
			bounce.Permanent = strings.HasPrefix(bounce.Status, "5")
		}
	}
	return bounce, ok
}

// Suppressed holds the mailboxes that no longer get mail.
type Suppressed map[string]bool

// Note stops mail to a mailbox that does not exist.
func (s Suppressed) Note(b Bounce) {
	if b.Permanent {
		s[b.Recipient] = true
	}
}
