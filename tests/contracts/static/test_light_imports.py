"""The foundations stay light: a rule, a figure or the agent must not pull in a framework."""

import subprocess
import sys

import pytest

from tests.support.reference import ROOT

HEAVY = "tortoise starlette arq redis jinja2 pypinyin pydantic"
MODULES = "clock ids errors settings log money periods permissions i18n metrics"


@pytest.mark.parametrize("module", MODULES.split())
def test_a_foundation_imports_no_framework(module):
    code = f"import sys, shared.{module}; print(*sorted(set({HEAVY.split()!r}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.split() == []


def test_jobs_bring_the_queue_but_no_web_and_no_orm():
    code = "import sys, shared.jobs; print(*sorted({'tortoise', 'starlette', 'jinja2'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.split() == []
