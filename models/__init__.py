"""Networks, data sets, training, conversion and the served segmenter."""

import sys
from types import ModuleType

# OpenVINO tells its maker of every import and conversion by this package. What a plant does stays
# in the plant: without the package OpenVINO takes its own stand-in, which says nothing.
sys.modules.setdefault("openvino_telemetry", ModuleType("openvino_telemetry"))
