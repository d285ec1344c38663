import { request } from "../api";

export interface OrderDto {
  number: number;
  state: "placed" | "paid" | "packed" | "shipped" | "cancelled";
  totalCents: number;
}

/** POST /orders: place an order. */
export function placeOrder(body: { card: string }): Promise<OrderDto> {
  return request("orders", { method: "POST", body: JSON.stringify(body) });
}

/** DELETE /orders/{number}: cancel an order. */
export function cancelOrder(number: number): Promise<OrderDto> {
  return request(`orders/${number}`, { method: "DELETE" });
}
