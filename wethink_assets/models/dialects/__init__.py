"""Dialects of the OpenAI form: what each service takes (`services`), a role's requests (`request_form`), and what comes back (`completions`)."""
