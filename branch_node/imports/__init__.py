"""Imports: a folder of CSV and XLSX files and one mapping file become records of this branch; runs can be taken back.

The command line (`command`) and the page /imports (`handlers`) use one engine (`engine`).
"""
