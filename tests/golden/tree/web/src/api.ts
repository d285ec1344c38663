/** An answer of the server with an error status. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }

  /** Whether asking again may help. */
  get retriable(): boolean {
    return this.status === 429 || this.status >= 500;
  }
}

export interface Product {
  sku: string;
  title: string;
  priceCents: number;
}

/** Seconds from a Retry-After header, which holds a number or a date. */
export function retryAfterSeconds(header: string | null, now: number): number {
  if (header === null) {
    return 1;
  }
  const seconds = Number(header);
  return Number.isFinite(seconds) ? seconds : Math.max(0, (Date.parse(header) - now) / 1000);
}

/** Ask the server; a temporary error is retried, three attempts in all. */
export async function request<T>(path: string, init: RequestInit = {}): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const response = await fetch(`/api/${path}`, init);
    if (response.ok) {
      return (await response.json()) as T;
    }
    const error = new ApiError(response.status, `the shop did not answer (${response.status}); please try again`);
    if (!error.retriable || attempt === 3) {
      throw error;
    }
    await sleep(retryAfterSeconds(response.headers.get("Retry-After"), Date.now()));
  }
}

const sleep = (seconds: number) => new Promise((done) => setTimeout(done, seconds * 1000));

/** Products that match what was typed. */
export function searchProducts(typed: string): Promise<Product[]> {
  return request(`products?q=${encodeURIComponent(typed)}`);
}
