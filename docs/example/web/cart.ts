/** What a customer is about to buy. */
export interface Item {
  name: string;
  cents: number;
  count: number;
}

/** Adds up the prices of all items, less a discount in percent. */
export function total(items: Item[], discount = 0): number {
  let sum = 0;
  for (const item of items) {
    sum += item.cents * item.count;
  }
  return Math.round(sum * (1 - discount / 100));
}

/** Shows cents as euros: 1234 -> "12.34 €". */
export const formatPrice = (cents: number): string => `${(cents / 100).toFixed(2)} €`;
