"""What speaks HTTP: shapes of requests and answers, keys, limits, webhooks, the OpenAPI document."""
