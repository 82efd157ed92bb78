"""Commands about policies: training, studies, calibration of rewards, the embedded model."""
