"""What a file that nobody declared yet looks like, and the declarations that would fit it. Pure; activates nothing."""
