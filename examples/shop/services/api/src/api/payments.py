import stripe

from shop_core import Quote


def start(key: str, order: int, total: Quote) -> dict[str, str | None]:
    """Open a payment with Stripe, which counts in cents."""
    intent = stripe.StripeClient(key).v1.payment_intents.create(
        {
            "amount": int(total.gross.amount * 100),
            "currency": total.gross.currency.lower(),
            "metadata": {"order": str(order)},
        }
    )
    return {"client_secret": intent.client_secret}
