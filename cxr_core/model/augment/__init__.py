"""Random changes to training images: as far as an X-ray can differ without showing anything else."""
