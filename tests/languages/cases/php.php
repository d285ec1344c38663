<?php
/*
 * This file is part of a library. Copyright Somebody.
 */

/**
 * Helpers.
 */

namespace App\Http;

use Closure;

/**
 * A controller.
 */
#[Route('/home')]
final class Controller extends Base implements Handler
{
    use Logs;

    private int $count = 0;

    // Makes one.
    public function __construct(private readonly Foo $foo)
    {
        $this->handler = function ($x) { return $x; };
    }

    #[Pure]
    public static function make(?string $name = null): static
    {
        return new static();
    }

    abstract protected function run(): void;
}

interface Handler { public function handle(Request $request): Response; }

trait Logs { private function log(string $text): void {} }

enum Suit: string { case Hearts = 'H'; public function label(): string { return ''; } }

function helper(int ...$values): int { return 0; }

$double = fn ($x) => $x * 2;

$routes = ['home' => function () { return 1; }];

it('adds', function () {});
