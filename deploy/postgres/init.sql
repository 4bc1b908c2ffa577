-- The center's database beside headquarters'.
CREATE DATABASE center;
