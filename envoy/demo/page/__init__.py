"""A page to call the gateway from a browser. Page and API have different origins, as most deployments do.

`server` serves the page, gets tokens from the issuers, and reads the access log. `routes` lists example requests for the
policy's rules. The browser runs the rest: index.html, style.css, and page.js with its modules.
"""

from .server import page

__all__ = ["page"]
