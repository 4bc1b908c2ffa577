"""What tests share: the cast of people, databases of both engines, factories."""
