"""The U-Net, its losses and targets, its file, and the encoder that ImageNet taught."""
