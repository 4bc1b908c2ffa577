"""Routes of the daily plan and the team."""

from branch_node.plans import api, handlers, team
from shared.web.routing import SIGNED_IN, Route

ROUTES = [
    Route("GET", "/", handlers.my_day, SIGNED_IN),
    Route("GET", "/plan", team.my_plan_of, "plan.view"),
    Route("POST", "/plan/comments", team.answer_comment, "plan.edit"),
    Route("GET", "/plan/live", handlers.my_day_live, "plan.view"),
    Route("GET", "/plan/suggest", handlers.suggest, "customer.view"),
    Route("POST", "/plan/items", handlers.add_item, "plan.edit"),
    Route("GET", "/plan/items/{id}", handlers.edit_item, "plan.edit"),
    Route("POST", "/plan/items/{id}", handlers.change_item, "plan.edit"),
    Route("POST", "/plan/items/{id}/done", handlers.finish_item, "plan.edit"),
    Route("POST", "/plan/items/{id}/carry", handlers.carry_item, "plan.edit"),
    Route("POST", "/plan/items/{id}/cancel", handlers.cancel_item, "plan.edit"),
    Route("POST", "/plan/items/{id}/reopen", handlers.reopen_item, "plan.edit"),
    Route("POST", "/plan/items/{id}/move", handlers.move_item, "plan.edit"),
    Route("POST", "/plan/items/{id}/keep", handlers.keep_item, "plan.edit"),
    Route("POST", "/plan/items/{id}/drop", handlers.drop_item, "plan.edit"),
    Route("POST", "/plan/keep-all", handlers.keep_all, "plan.edit"),
    Route("POST", "/plan/submit", handlers.submit, "plan.edit"),
    Route("POST", "/plan/close", handlers.close, "plan.edit"),
    Route("GET", "/team", team.show_team, "plan.view"),
    Route("GET", "/team/live", team.team_live, "plan.view"),
    Route("GET", "/team/progress", team.show_progress, "plan.view"),
    Route("GET", "/team/{id}", team.member, "plan.view"),
    Route("POST", "/team/{id}/items", team.assign_item, "plan.assign"),
    Route("POST", "/team/{id}/comments", team.comment_day, "plan.assign"),
    *api.ROUTES,
]
