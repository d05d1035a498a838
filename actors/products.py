"""Reads the product table from its file. What a product's facts mean is `actors.domain.market.contract`'s business."""

import tomllib
from collections import Counter
from pathlib import Path

from pydantic import ValidationError

from actors.domain.market.contract import Product, Products
from actors.domain.value import Value


class BadTable(ValueError):
    """A table in the configuration folder does not hold what it should; the message names the file and the place."""


class _File(Value):
    product: tuple[Product, ...]


def load_products(path: Path) -> Products:
    """Return the product table of `path` (TOML). Raises `BadTable`, FileNotFoundError."""
    try:
        products = _File.model_validate(tomllib.loads(path.read_text())).product
    except (tomllib.TOMLDecodeError, ValidationError) as error:
        raise BadTable(f"{path}: {error}") from error
    roots = Counter(root for product in products for root in (product.root, *product.alike))
    twice = [root for root, count in roots.items() if count > 1]
    if twice:
        raise BadTable(f"{path}: root {twice[0]} stands there twice")
    return Products(products)
