import { useState } from "react";

import { request } from "./api";
import { formatMoney } from "./money";

interface Props {
  totalCents: number;
  onPaid: (order: number) => void;
}

/** The last page: shows the sum, takes the card number, and pays only once, even if the button is pressed twice. */
export function CheckoutForm({ totalCents, onPaid }: Props) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");

  async function pay(card: string) {
    if (busy) {
      return;
    }
    if (!isValidCardNumber(card)) {
      setProblem("This card number cannot be right: please check the digits");
      return;
    }
    setBusy(true);
    try {
      const order = await request<{ number: number }>("orders", { method: "POST", body: JSON.stringify({ card }) });
      onPaid(order.number);
    } catch (error) {
      setProblem(String(error));
    } finally {
      setBusy(false);
    }
  }

  return (
    <form onSubmit={(event) => pay(new FormData(event.currentTarget).get("card") as string)}>
      <output>{formatMoney(totalCents)}</output>
      <input name="card" inputMode="numeric" />
      <p role="alert">{problem}</p>
      <button disabled={busy}>Pay</button>
    </form>
  );
}

/** The Luhn check, which finds every single wrong digit. */
export function isValidCardNumber(typed: string): boolean {
  const digits = [...typed.replace(/\D/g, "")].reverse().map(Number);
  const sum = digits.reduce((total, digit, at) => total + (at % 2 ? (digit * 2 > 9 ? digit * 2 - 9 : digit * 2) : digit), 0);
  return digits.length >= 12 && sum % 10 === 0;
}
