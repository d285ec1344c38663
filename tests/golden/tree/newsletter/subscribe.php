<?php

namespace Larder\Newsletter;

/** Readers of the newsletter, who must confirm their address first. */
class Subscribers
{
    private array $pending = [];
    private array $confirmed = [];

    public function __construct(private string $secret)
    {
    }

    /**
     * Note an address and return the token of the link in the confirmation mail (double opt-in).
     */
    public function subscribe(string $address): string
    {
        if (filter_var($address, FILTER_VALIDATE_EMAIL) === false) {
            throw new \InvalidArgumentException("$address does not look like an e-mail address");
        }
        $token = hash_hmac('sha256', $address, $this->secret);
        $this->pending[$token] = $address;
        return $token;
    }

    /** The link was followed: from now on the address gets the newsletter. */
    public function confirm(string $token): bool
    {
        if (!isset($this->pending[$token])) {
            return false;
        }
        $this->confirmed[] = $this->pending[$token];
        unset($this->pending[$token]);
        return true;
    }

    /** Forget an address for good. */
    public function unsubscribe(string $address): void
    {
        $this->confirmed = array_values(array_diff($this->confirmed, [$address]));
    }
}

/** Remove tags and scripts from text written by customers. */
function sanitize_html(string $text): string
{
    return htmlspecialchars(strip_tags($text), ENT_QUOTES, 'UTF-8');
}
