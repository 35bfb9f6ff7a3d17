"""Layers: (name, module, dims of x[, classes]). See trajectories.py."""
import torch
from torch import nn

from trajectories import trajectory


class Quadratic(nn.Bilinear):
    def forward(self, x):
        return super().forward(x, x)


class Residual(nn.Module):
    def __init__(self, body):
        super().__init__()
        self.body = body

    def forward(self, x):
        return x + self.body(x)


class RmsNorm(nn.Module):
    def __init__(self, *dims):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(dims))

    def forward(self, x):
        axes = list(range(-self.weight.dim(), 0))
        return x / (x.square().mean(axes, True) + 1e-5).sqrt() * self.weight


def matrices():
    return [("linear", nn.Linear(3, 2), (4, 3)), ("linear_no_bias", nn.Linear(3, 2, bias=False), (2, 2, 3)),
            ("bilinear", Quadratic(3, 3, 2), (4, 3)), ("bilinear_no_bias", Quadratic(2, 2, 3, bias=False), (2, 2, 2)),
            ("embedding", nn.Embedding(5, 3), (2, 3), 5), ("embedding_padding", nn.Embedding(4, 2, padding_idx=1), (5,), 4),
            ("mlp", nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)), (4, 3)),
            ("residual", Residual(nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 3))), (4, 3))]


def convolutions():
    return [("conv1d", nn.Conv1d(2, 3, 3, padding=1), (2, 2, 5)),
            ("conv2d", nn.Conv2d(2, 3, (3, 2), stride=(2, 1), padding=(1, 0)), (2, 2, 4, 3)),
            ("conv2d_groups", nn.Conv2d(4, 2, 2, dilation=(1, 2), groups=2, bias=False), (1, 4, 3, 4)),
            ("conv3d", nn.Conv3d(1, 2, 2, padding=(0, 1, 0)), (1, 1, 2, 2, 3)),
            ("conv_transpose1d", nn.ConvTranspose1d(2, 3, 3, stride=2, padding=1, output_padding=1), (2, 2, 3)),
            ("conv_transpose2d", nn.ConvTranspose2d(4, 2, 2, stride=(2, 1), groups=2), (1, 4, 2, 2)),
            ("conv_transpose3d", nn.ConvTranspose3d(1, 2, 2, bias=False), (1, 1, 2, 2, 2))]


def pools():
    return [("max_pool1d", nn.MaxPool1d(3, 2, 1), (1, 2, 7)), ("max_pool2d", nn.MaxPool2d(2), (2, 1, 4, 4)),
            ("max_pool3d", nn.MaxPool3d(2, 1, dilation=(1, 1, 2)), (1, 1, 2, 3, 3)), ("avg_pool1d", nn.AvgPool1d(2), (1, 2, 5)),
            ("avg_pool2d", nn.AvgPool2d(3, 2, 1, count_include_pad=False), (1, 2, 4, 4)),
            ("avg_pool3d", nn.AvgPool3d(2, ceil_mode=True), (1, 1, 2, 3, 3)),
            ("adaptive_avg_pool2d", nn.AdaptiveAvgPool2d((2, 1)), (2, 2, 3, 3)),
            ("adaptive_max_pool1d", nn.AdaptiveMaxPool1d(2), (2, 2, 5)),
            ("flatten", nn.Flatten(), (2, 2, 3)), ("unflatten", nn.Unflatten(1, (2, 3)), (2, 6, 2)),
            ("upsample", nn.Upsample(scale_factor=2, mode="bilinear"), (1, 2, 2, 3))]


def activations():
    plain = {"relu": nn.ReLU, "relu6": nn.ReLU6, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid, "logsigmoid": nn.LogSigmoid,
             "softplus": nn.Softplus, "softsign": nn.Softsign, "selu": nn.SELU, "gelu": nn.GELU, "silu": nn.SiLU,
             "mish": nn.Mish, "hardsigmoid": nn.Hardsigmoid, "hardswish": nn.Hardswish, "tanhshrink": nn.Tanhshrink,
             "identity": nn.Identity}
    numbers = [("gelu_tanh", nn.GELU("tanh")), ("leaky_relu", nn.LeakyReLU(.1)), ("elu", nn.ELU(.7)),
               ("celu", nn.CELU(1.5)), ("softplus_beta", nn.Softplus(2)), ("hardshrink", nn.Hardshrink(.5)),
               ("softshrink", nn.Softshrink(.5)), ("threshold", nn.Threshold(.2, -.3)), ("hardtanh", nn.Hardtanh(-.5, 1)),
               ("rrelu", nn.RReLU(.25, .25)), ("prelu", nn.PReLU()), ("dropout", nn.Dropout(0.)),
               ("softmax", nn.Softmax(1)), ("softmin", nn.Softmin(0)), ("log_softmax", nn.LogSoftmax(-1))]
    cases = [(name, module(), (3, 5)) for name, module in plain.items()] + [(*case, (3, 5)) for case in numbers]
    return cases + [("glu", nn.GLU(1), (2, 4, 2)), ("prelu_channels", nn.PReLU(3), (2, 3, 2)),
                    ("dropout_channels", nn.Dropout2d(0.), (2, 2, 1, 2))]


def norms():
    return [("batch_norm1d", nn.BatchNorm1d(3), (5, 3)), ("batch_norm1d_signal", nn.BatchNorm1d(2, momentum=.3), (3, 2, 4)),
            ("batch_norm2d", nn.BatchNorm2d(2, eps=1e-3), (2, 2, 2, 3)), ("batch_norm3d", nn.BatchNorm3d(2), (2, 2, 2, 1, 2)),
            ("batch_norm_plain", nn.BatchNorm2d(2, affine=False), (2, 2, 2, 2)),
            ("batch_norm_batch", nn.BatchNorm1d(3, track_running_stats=False), (4, 3)),
            ("batch_norm_cumulative", nn.BatchNorm1d(2, momentum=None), (3, 2, 2)),
            ("instance_norm1d", nn.InstanceNorm1d(2), (2, 2, 4)),
            ("instance_norm2d", nn.InstanceNorm2d(2, affine=True), (2, 2, 2, 2)),
            ("instance_norm3d", nn.InstanceNorm3d(2, affine=True, track_running_stats=True), (2, 2, 2, 2, 1)),
            ("group_norm", nn.GroupNorm(2, 4), (2, 4, 3)), ("group_norm_plain", nn.GroupNorm(3, 3, affine=False), (2, 3, 2, 2)),
            ("layer_norm", nn.LayerNorm(4), (3, 4)), ("layer_norm2", nn.LayerNorm((2, 3), eps=1e-3), (2, 2, 3)),
            ("layer_norm_plain", nn.LayerNorm(5, elementwise_affine=False), (2, 5)), ("rms_norm", RmsNorm(4), (3, 4)),
            ("rms_norm2", RmsNorm(2, 2), (2, 2, 2)),
            ("network", nn.Sequential(nn.Conv2d(1, 2, 3, padding=1), nn.BatchNorm2d(2), nn.ReLU(), nn.MaxPool2d(2),
                                      nn.Flatten(), nn.Linear(8, 3)), (3, 1, 4, 4))]


def texts():
    return [trajectory(*case) for case in matrices() + convolutions() + pools() + activations() + norms()]
