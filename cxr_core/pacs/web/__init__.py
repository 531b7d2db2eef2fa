"""DICOMweb (DICOM PS3.18): what is stored here by others, and what is found, fetched and stored elsewhere."""
