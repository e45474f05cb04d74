"""A page to call the gateway from, in a browser: page and API are of different origins, as in earnest.

`server` hands out the page, asks the issuers for tokens, and reads the access log. `routes` tells what the policy has to
offer. The rest is what the browser runs: index.html, style.css, and page.js with its modules.
"""

from .server import page

__all__ = ["page"]
