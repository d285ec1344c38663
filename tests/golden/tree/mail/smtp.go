package mail

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"net"
	"strings"
	"time"
)

// Client speaks SMTP with one server.
type Client struct {
	host string
	conn net.Conn
	in   *bufio.Reader
}

// Dial connects, greets the server and switches to an encrypted connection.
func Dial(host string, timeout time.Duration) (*Client, error) {
	conn, err := net.DialTimeout("tcp", net.JoinHostPort(host, "587"), timeout)
	if err != nil {
		return nil, fmt.Errorf("smtp: cannot reach %s: %w", host, err)
	}
	c := &Client{host: host, conn: conn, in: bufio.NewReader(conn)}
	if err := c.expect(220); err != nil {
		return nil, err
	}
	return c, c.startTLS()
}

func (c *Client) startTLS() error {
	if err := c.command(220, "STARTTLS"); err != nil {
		return fmt.Errorf("smtp: %s does not offer encryption, and mail is never sent in the clear: %w", c.host, err)
	}
	secure := tls.Client(c.conn, &tls.Config{ServerName: c.host, MinVersion: tls.VersionTLS12})
	c.conn, c.in = secure, bufio.NewReader(secure)
	return secure.Handshake()
}

// Send hands one message over.
func (c *Client) Send(from Address, m *Message) error {
	if err := c.command(250, "MAIL FROM:<%s@%s>", from.Local, from.Host); err != nil {
		return err
	}
	if err := c.command(250, "RCPT TO:<%s@%s>", m.To.Local, m.To.Host); err != nil {
		return err
	}
	if err := c.command(354, "DATA"); err != nil {
		return err
	}
	_, err := c.conn.Write(append(dotStuffed(m.Body), "\r\n.\r\n"...))
	if err != nil {
		return err
	}
	return c.expect(250)
}

// dotStuffed doubles a dot at the beginning of a line, which would end the message there.
func dotStuffed(body []byte) []byte {
	text := strings.ReplaceAll(string(body), "\r\n.", "\r\n..")
	if strings.HasPrefix(text, ".") {
		text = "." + text
	}
	return []byte(text)
}

func (c *Client) command(code int, format string, args ...any) error {
	if _, err := fmt.Fprintf(c.conn, format+"\r\n", args...); err != nil {
		return err
	}
	return c.expect(code)
}

func (c *Client) expect(code int) error {
	line, err := c.in.ReadString('\n')
	if err != nil {
		return err
	}
	if !strings.HasPrefix(line, fmt.Sprint(code)) {
		return &Refused{Line: strings.TrimSpace(line)}
	}
	return nil
}

// Refused is what the server answered instead of the expected code.
type Refused struct{ Line string }

func (r *Refused) Error() string { return "smtp: the server refused: " + r.Line }

// Temporary reports whether another attempt may succeed: codes from 400 to 499.
func (r *Refused) Temporary() bool { return strings.HasPrefix(r.Line, "4") }
