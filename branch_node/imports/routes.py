"""Routes of imports."""

from branch_node.imports import handlers
from branch_node.imports.uploads import LARGEST_UPLOAD_BYTES
from shared.web.routing import Route

RIGHT = "import.run"

ROUTES = [
    Route("GET", "/imports", handlers.show_list, RIGHT),
    Route("GET", "/imports/new", handlers.new_import, RIGHT),
    Route(
        "POST", "/imports", handlers.send_files, RIGHT, body_limit_bytes=LARGEST_UPLOAD_BYTES, is_heavy=True
    ),
    Route("GET", "/imports/mapping", handlers.show_mapping_help, RIGHT),
    Route("GET", "/imports/mapping.schema.json", handlers.download_schema, RIGHT),
    Route("GET", "/imports/{id}", handlers.show_import, RIGHT),
    Route("GET", "/imports/{id}/live", handlers.show_live, RIGHT),
    Route("GET", "/imports/{id}/result", handlers.download_result, RIGHT),
    Route("POST", "/imports/{id}/run", handlers.import_now, RIGHT),
    Route("POST", "/imports/{id}/stop", handlers.stop, RIGHT),
    Route("GET", "/imports/{id}/undo", handlers.ask_undo, RIGHT),
    Route("POST", "/imports/{id}/undo", handlers.undo, RIGHT),
]
