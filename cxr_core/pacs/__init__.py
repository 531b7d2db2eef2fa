"""The hospital's network: DICOM (PS3.7, PS3.8) and DICOMweb (PS3.18), as server and as client. It knows no database."""
