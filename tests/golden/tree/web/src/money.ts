/** Show cents in the customer's language: `12,50 €`. */
export function formatMoney(cents: number, locale = "en", currency = "EUR"): string {
  return new Intl.NumberFormat(locale, { style: "currency", currency }).format(cents / 100);
}

/** The sum of some prices, without the errors of floating point. */
export const sumCents = (prices: number[]): number => prices.reduce((sum, price) => sum + Math.round(price), 0);
