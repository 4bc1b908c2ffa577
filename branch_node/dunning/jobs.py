"""What dunning does each morning: judge promises, tell owners what falls due, remind customers."""

from branch_node.dunning.actions import judge_promises, remind_due, tell_due_soon
from shared import log
from shared.jobs import job

events = log.get_logger()


@job(at="08:30", at_start=True, name="dunning", queue="dunning", timeout=600)
async def dun() -> None:
    """May run any number of times: each notice and message has its occasion."""
    judged, told, reminded = await judge_promises(), await tell_due_soon(), await remind_due()
    events.info("dunning done", promises=judged, told=told, reminded=reminded)
