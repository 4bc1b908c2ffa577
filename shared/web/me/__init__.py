"""The account pages of every site: sign in and out, language, password, second factor, sessions, API tokens."""
