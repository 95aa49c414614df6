"""OpenADR 3.1: a gateway is the VEN (virtual end node) that a VTN, its programme's server, dispatches.

Source: OpenADR 3.1.0 Definition, User Guide, OpenAPI document and enumerations (OpenADR Alliance, Apache-2.0).
Everything that a VTN says ends in limits and claims (docs/openadr.md). Nothing here is imported without a source of
this kind in the site's configuration.
"""
