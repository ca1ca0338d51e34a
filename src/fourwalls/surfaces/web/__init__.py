"""The web app: portfolio, asset, decision, plan and register in a browser; `fourwalls serve` starts it."""
