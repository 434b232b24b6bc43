from ..journey.conftest import impatient as impatient
