"""Departments, employees with dated assignments, roles and rights, discount limits, deputies, sign-in accounts."""
