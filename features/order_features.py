"""The features of the order alone. Signs only where a sane shop could not see the opposite."""

from features.sources import Feature, FromOrder


def _own(
    name: str, unit: str, reason: str, why: str, monotone: int = 0, scale: str = "linear", *, firm: bool = True
) -> Feature:
    return Feature(name, FromOrder(name), unit, reason, why, monotone, scale, firm)


ORDER: tuple[Feature, ...] = (
    # what is bought, and how
    _own("is_cod", "0 or 1", "cash_on_delivery", "nothing is lost by refusing a cash parcel", +1),
    _own("amount", "major units of money", "order_value", "dear parcels are refused differently", 0, "log"),
    _own("discount_share", "share of the list price", "high_discount", "bargains bring weaker intent", +1, firm=False),
    _own("list_value", "major units of money", "order_value", "prices are set and felt before the discount", 0, "log"),
    _own("shipping_fee", "major units of money", "shipping_fee", "far and heavy parcels cost more to send", 0, "log"),
    _own("n_units", "pieces", "basket_size", "stock orders and single pieces differ", 0, "log"),
    _own("n_lines", "lines", "basket_size", "a mixed basket was chosen with care", 0, "log"),
    _own("local_hour", "hours", "unusual_hour", "night orders are more impulsive"),
    _own("is_night", "0 or 1", "unusual_hour", "night orders are more impulsive", +1),
    _own("promised_days", "days", "slow_delivery_promise", "the longer the wait, the more minds change", +1, "log"),
    # where it goes
    _own("distance_km", "km", "far_from_origin", "distance means days", 0, "log"),
    _own("place_mismatch", "0 or 1", "pincode_state_mismatch", "the PIN code lies in another state than told", +1),
    _own("city_mismatch", "0 or 1", "pincode_city_mismatch", "the PIN code belongs to another town than told", +1),
    _own("pin_known", "0 or 1", "unknown_pincode", "a PIN code that no register holds cannot be routed"),
    _own("address_length", "characters", "short_shipping_address", "an address too short to find"),
    _own("address_words", "words", "short_shipping_address", "an address too short to find"),
    _own("address_has_number", "0 or 1", "no_house_number", "a door that can be named can be found"),
    _own("address_has_landmark", "0 or 1", "no_landmark", "a landmark replaces a house number", -1, firm=False),
    _own("address_has_locality", "0 or 1", "no_locality", "a street or quarter brings the courier near"),
    _own("address_gibberish", "share of words", "gibberish_address", "words nobody can read aloud", +1),
    _own("address_tokens_repeated", "share of words", "careless_address", "the same word told again fills a form"),
    _own("address_symbols_share", "share of characters", "careless_address", "signs where words should be"),
    # who asks for it
    _own("phone_valid", "0 or 1", "invalid_phone", "a buyer who cannot be called", -1),
    _own("phone_mobile", "0 or 1", "unusual_phone", "a fixed line gets no message at the door"),
    _own("phone_repeated_digits", "share of digits", "unusual_phone", "9999999999 is typed, not owned"),
    _own("phone_country_differs", "0 or 1", "unusual_phone", "a courier seldom calls abroad"),
    _own("email_disposable", "0 or 1", "disposable_email", "an address made to be thrown away", +1),
    _own("email_free_provider", "0 or 1", "unusual_email", "a firm's own mail is harder to invent"),
    _own(
        "email_digits_share",
        "share of characters",
        "unusual_email",
        "throw-away addresses are full of digits",
        +1,
        firm=False,
    ),
    _own("email_letters_run", "share of letters", "unusual_email", "letters nobody can say were hit at random"),
    _own("email_name_match", "share of words", "email_not_by_name", "people put their name into their mail"),
    _own("name_words", "words", "unusual_name", "a first name alone is harder to ask for at a door"),
    _own("name_single_letter", "0 or 1", "unusual_name", "one letter is no name"),
    _own("name_dummy", "0 or 1", "dummy_name", "test, asdf, customer: nobody to hand the parcel to", +1),
    _own("name_gibberish", "share of words", "dummy_name", "a name nobody can read aloud", +1),
)
