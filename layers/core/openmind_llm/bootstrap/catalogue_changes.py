"""Wires what operators do with the catalogue of a gateway that runs. No function loads it."""

import time
from functools import partial

from openmind_llm.bootstrap import catalogues
from openmind_llm.domain.catalogue_changes import CatalogueChanges, Layers
from openmind_llm.providers import table
from openmind_llm.settings import Settings
from openmind_llm.storage import clients
from openmind_llm.storage.catalogue import DynamoCatalogue


def changes(settings: Settings) -> CatalogueChanges:
    """Over the same layers as the functions' catalogue."""
    layers = Layers(partial(table.rows, settings.model_overrides), partial(catalogues.built, settings))
    return CatalogueChanges(DynamoCatalogue(clients.dynamodb(settings), settings.table_name), layers, time.time)
