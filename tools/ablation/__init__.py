"""make ablation: which parts of the recipe help, judged on hold-outs that differ from what it learnt from."""
