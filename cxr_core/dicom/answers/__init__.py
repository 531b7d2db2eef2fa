"""What goes back to the archive: pictures, reports and marks as DICOM objects of the patient that the X-ray is of."""
