"""Convolutional blocks of the well-known networks, and how they are pooled and put together."""

from tests.support.networks.case import Sound

SOUND = {
    "alexnet-like": Sound("""
class Net(nn.Module):
    def __init__(self, dropout=0.5):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 12, kernel_size=11, stride=4, padding=2), nn.ReLU(inplace=True),
            nn.LocalResponseNorm(3),
            nn.MaxPool2d(kernel_size=3, stride=2),
            nn.Conv2d(12, 16, kernel_size=5, padding=2), nn.ReLU(inplace=True),
        )
        self.avgpool = nn.AdaptiveAvgPool2d((3, 3))
        self.classifier = nn.Sequential(
            nn.Dropout(p=dropout), nn.Linear(144, 32), nn.ReLU(inplace=True), nn.Linear(32, 10)
        )

    def forward(self, x):
        x = self.avgpool(self.features(x))
        return self.classifier(torch.flatten(x, 1))
"""),
    "resnet-basic-block": Sound(
        """
import torch.nn as nn
import torch.nn.functional as F


class BasicBlock(nn.Module):
    expansion = 1

    def __init__(self, in_planes, planes, stride=1):
        super(BasicBlock, self).__init__()
        self.conv1 = nn.Conv2d(in_planes, planes, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, stride=1, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.shortcut = nn.Sequential()
        if stride != 1 or in_planes != self.expansion * planes:
            self.shortcut = nn.Sequential(
                nn.Conv2d(in_planes, self.expansion * planes, 1, stride=stride, bias=False),
                nn.BatchNorm2d(self.expansion * planes),
            )

    def forward(self, x):
        out = F.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        out += self.shortcut(x)
        return F.relu(out)


class ResNet(nn.Module):
    def __init__(self, block=BasicBlock, num_blocks=(1, 1), num_classes=10):
        super(ResNet, self).__init__()
        self.in_planes = 8
        self.conv1 = nn.Conv2d(1, 8, kernel_size=3, stride=2, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(8)
        self.layer1 = self._make_layer(block, 8, num_blocks[0], stride=1)
        self.layer2 = self._make_layer(block, 16, num_blocks[1], stride=2)
        self.linear = nn.Linear(16 * block.expansion, num_classes)

    def _make_layer(self, block, planes, num_blocks, stride):
        layers = []
        for s in [stride] + [1] * (num_blocks - 1):
            layers.append(block(self.in_planes, planes, s))
            self.in_planes = planes * block.expansion
        return nn.Sequential(*layers)

    def forward(self, x):
        out = F.relu(self.bn1(self.conv1(x)))
        out = self.layer2(self.layer1(out))
        out = F.avg_pool2d(out, 8)
        out = out.view(out.size(0), -1)
        return self.linear(out)
""",
        name="ResNet",
    ),
    "resnet-bottleneck": Sound("""
class Bottleneck(nn.Module):
    def __init__(self, c, squeeze=4, downsample=None):
        super().__init__()
        m = c // squeeze
        self.body = nn.Sequential(
            nn.Conv2d(c, m, 1, bias=False), nn.BatchNorm2d(m), nn.ReLU(inplace=True),
            nn.Conv2d(m, m, 3, padding=1, bias=False), nn.BatchNorm2d(m), nn.ReLU(inplace=True),
            nn.Conv2d(m, c, 1, bias=False), nn.BatchNorm2d(c),
        )
        self.downsample = downsample
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x):
        identity = x if self.downsample is None else self.downsample(x)
        return self.relu(self.body(x) + identity)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(1, 16, 7, stride=4, padding=3)
        self.blocks = nn.Sequential(Bottleneck(16), Bottleneck(16, downsample=nn.Identity()))
        self.fc = nn.Linear(16, 10)

    def forward(self, x):
        return self.fc(self.blocks(self.stem(x)).mean((2, 3)))
"""),
    "resnet-pre-activation": Sound("""
class PreAct(nn.Module):
    def __init__(self, i, o, stride):
        super().__init__()
        self.bn1, self.conv1 = nn.BatchNorm2d(i), nn.Conv2d(i, o, 3, stride, 1, bias=False)
        self.bn2, self.conv2 = nn.BatchNorm2d(o), nn.Conv2d(o, o, 3, 1, 1, bias=False)
        if stride > 1 or i != o:
            self.project = nn.Conv2d(i, o, 1, stride, bias=False)

    def forward(self, x):
        out = F.relu(self.bn1(x))
        shortcut = self.project(out) if hasattr(self, "project") else x
        return self.conv2(F.relu(self.bn2(self.conv1(out)))) + shortcut


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(1, 8, 3, 2, 1)
        self.blocks = nn.Sequential(PreAct(8, 8, 1), PreAct(8, 12, 2))
        self.bn = nn.BatchNorm2d(12)
        self.fc = nn.Linear(12, 10)

    def forward(self, x):
        x = F.relu(self.bn(self.blocks(self.stem(x))))
        return self.fc(F.adaptive_avg_pool2d(x, 1).squeeze(-1).squeeze(-1))
"""),
    "resnet-9": Sound(
        """
def conv_bn(i, o, pool=False):
    layers = [nn.Conv2d(i, o, 3, padding=1), nn.BatchNorm2d(o), nn.ReLU(inplace=True)]
    if pool:
        layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers)


class ResNet9(nn.Module):
    def __init__(self, in_channels=1, num_classes=10):
        super().__init__()
        self.conv1 = conv_bn(in_channels, 4, pool=True)
        self.conv2 = conv_bn(4, 8, pool=True)
        self.res1 = nn.Sequential(conv_bn(8, 8), conv_bn(8, 8))
        self.conv3 = conv_bn(8, 12, pool=True)
        self.res2 = nn.Sequential(conv_bn(12, 12), conv_bn(12, 12))
        self.classifier = nn.Sequential(
            nn.MaxPool2d(4), nn.Flatten(), nn.Dropout(0.2), nn.Linear(12, num_classes))

    def forward(self, xb):
        out = self.conv2(self.conv1(xb))
        out = self.res1(out) + out
        out = self.conv3(out)
        out = self.res2(out) + out
        return self.classifier(out)
""",
        name="ResNet9",
    ),
    "residual-as-a-wrapper": Sound(
        """
class Residual(nn.Module):
    def __init__(self, fn):
        super().__init__()
        self.fn = fn

    def forward(self, x):
        return self.fn(x) + x


def ConvMixer(dim=12, depth=2, kernel_size=5, patch_size=4, n_classes=10):
    return nn.Sequential(
        nn.Conv2d(1, dim, kernel_size=patch_size, stride=patch_size),
        nn.GELU(),
        nn.BatchNorm2d(dim),
        *[nn.Sequential(
            Residual(nn.Sequential(
                nn.Conv2d(dim, dim, kernel_size, groups=dim, padding="same"),
                nn.GELU(),
                nn.BatchNorm2d(dim)
            )),
            nn.Conv2d(dim, dim, kernel_size=1),
            nn.GELU(),
            nn.BatchNorm2d(dim)
        ) for i in range(depth)],
        nn.AdaptiveAvgPool2d((1, 1)),
        nn.Flatten(),
        nn.Linear(dim, n_classes)
    )
""",
        name="ConvMixer",
    ),
    "inception": Sound("""
class Inception(nn.Module):
    def __init__(self, i, c1, c2, c3, c4):
        super().__init__()
        self.p1_1 = nn.Conv2d(i, c1, kernel_size=1)
        self.p2_1 = nn.Conv2d(i, c2[0], kernel_size=1)
        self.p2_2 = nn.Conv2d(c2[0], c2[1], kernel_size=3, padding=1)
        self.p3_1 = nn.Conv2d(i, c3[0], kernel_size=1)
        self.p3_2 = nn.Conv2d(c3[0], c3[1], kernel_size=5, padding=2)
        self.p4_1 = nn.MaxPool2d(kernel_size=3, stride=1, padding=1)
        self.p4_2 = nn.Conv2d(i, c4, kernel_size=1)

    def forward(self, x):
        p1 = F.relu(self.p1_1(x))
        p2 = F.relu(self.p2_2(F.relu(self.p2_1(x))))
        p3 = F.relu(self.p3_2(F.relu(self.p3_1(x))))
        p4 = F.relu(self.p4_2(self.p4_1(x)))
        return torch.cat((p1, p2, p3, p4), dim=1)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, 6, 5, stride=2), nn.ReLU(), nn.MaxPool2d(2))
        self.mixed = Inception(6, 4, (3, 4), (2, 4), 4)
        self.fc = nn.Linear(16, 10)

    def forward(self, x):
        return self.fc(self.mixed(self.stem(x)).mean(dim=[2, 3]))
"""),
    "inception-by-module-list": Sound("""
class Branches(nn.Module):
    def __init__(self, i, o, kernels=(1, 3, 5)):
        super().__init__()
        self.branches = nn.ModuleList([nn.Conv2d(i, o, k, padding=k // 2) for k in kernels])

    def forward(self, x):
        return F.relu(torch.cat([branch(x) for branch in self.branches], 1))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.one, self.two = Branches(1, 3), Branches(9, 4)
        self.fc = nn.Linear(12 * 16, 10)

    def forward(self, x):
        x = F.max_pool2d(self.one(x), 4)
        x = F.max_pool2d(self.two(x), 2)
        return self.fc(x.view(x.size(0), -1))
"""),
    "dense-net": Sound("""
class Dense(nn.Module):
    def __init__(self, channels, growth, layers):
        super().__init__()
        self.layers = nn.ModuleList()
        for i in range(layers):
            c = channels + i * growth
            self.layers.append(nn.Sequential(
                nn.BatchNorm2d(c), nn.ReLU(), nn.Conv2d(c, growth, 3, padding=1, bias=False)))

    def forward(self, x):
        for layer in self.layers:
            x = torch.cat((x, layer(x)), dim=1)
        return x


class Net(nn.Module):
    def __init__(self, growth=4):
        super().__init__()
        self.stem = nn.Conv2d(1, 8, 3, stride=2, padding=1)
        self.dense1 = Dense(8, growth, 2)
        self.transition = nn.Sequential(
            nn.BatchNorm2d(16), nn.ReLU(), nn.Conv2d(16, 8, 1), nn.AvgPool2d(2, 2))
        self.dense2 = Dense(8, growth, 2)
        self.head = nn.Sequential(
            nn.BatchNorm2d(16), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
            nn.Linear(16, 10))

    def forward(self, x):
        return self.head(self.dense2(self.transition(self.dense1(self.stem(x)))))
"""),
    "dense-net-by-list": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.convs = nn.ModuleList(
            [nn.Conv2d(c, 4, 3, padding=1) for c in (4, 8, 12)])
        self.stem = nn.Conv2d(1, 4, 4, stride=4)
        self.fc = nn.Linear(16 * 64, 10)

    def forward(self, x):
        features = [self.stem(x)]
        for conv in self.convs:
            features.append(torch.relu(conv(torch.cat(features, 1))))
        return self.fc(torch.cat(features, 1).flatten(1))
"""),
    "squeeze-net-fire": Sound("""
class Fire(nn.Module):
    def __init__(self, i, squeeze, expand1, expand3):
        super().__init__()
        self.squeeze = nn.Conv2d(i, squeeze, kernel_size=1)
        self.expand1x1 = nn.Conv2d(squeeze, expand1, kernel_size=1)
        self.expand3x3 = nn.Conv2d(squeeze, expand3, kernel_size=3, padding=1)
        self.activation = nn.ReLU(inplace=True)

    def forward(self, x):
        x = self.activation(self.squeeze(x))
        return torch.cat([self.activation(self.expand1x1(x)),
                          self.activation(self.expand3x3(x))], 1)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, 3, stride=2), nn.ReLU(inplace=True),
            nn.MaxPool2d(3, 2, ceil_mode=True),
            Fire(8, 3, 6, 6), Fire(12, 4, 8, 8),
        )
        self.final = nn.Conv2d(16, 10, kernel_size=1)

    def forward(self, x):
        x = self.final(F.dropout(self.features(x), 0.3, self.training))
        return F.adaptive_avg_pool2d(x, 1).flatten(1)
"""),
    "shuffle-net": Sound("""
def channel_shuffle(x, groups):
    n, c, h, w = x.shape
    return x.view(n, groups, c // groups, h, w).transpose(1, 2).contiguous().view(n, c, h, w)


class Unit(nn.Module):
    def __init__(self, c):
        super().__init__()
        h = c // 2
        self.branch = nn.Sequential(
            nn.Conv2d(h, h, 1, bias=False), nn.BatchNorm2d(h), nn.ReLU(inplace=True),
            nn.Conv2d(h, h, 3, padding=1, groups=h, bias=False), nn.BatchNorm2d(h),
            nn.Conv2d(h, h, 1, bias=False), nn.BatchNorm2d(h), nn.ReLU(inplace=True),
        )

    def forward(self, x):
        x1, x2 = x.chunk(2, dim=1)
        return channel_shuffle(torch.cat((x1, self.branch(x2)), dim=1), 2)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 4, stride=4)
        self.units = nn.Sequential(Unit(8), Unit(8))
        self.fc = nn.Linear(8, 10)

    def forward(self, x):
        x = self.units(self.conv(x))
        return self.fc(x.mean([2, 3]))
"""),
    "shuffle-by-channel-shuffle-layer": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(1, 8, 4, stride=4), nn.ReLU(),
            nn.Conv2d(8, 16, 1, groups=4), nn.ChannelShuffle(4), nn.ReLU(),
            nn.Conv2d(16, 16, 3, groups=4), nn.ReLU(),
        )
        self.fc = nn.Linear(16 * 36, 10)

    def forward(self, x):
        return self.fc(self.net(x).flatten(1))
"""),
    "mobile-net-depthwise-separable": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()

        def conv_bn(inp, oup, stride):
            return nn.Sequential(
                nn.Conv2d(inp, oup, 3, stride, 1, bias=False),
                nn.BatchNorm2d(oup),
                nn.ReLU(inplace=True)
            )

        def conv_dw(inp, oup, stride):
            return nn.Sequential(
                nn.Conv2d(inp, inp, 3, stride, 1, groups=inp, bias=False),
                nn.BatchNorm2d(inp),
                nn.ReLU(inplace=True),
                nn.Conv2d(inp, oup, 1, 1, 0, bias=False),
                nn.BatchNorm2d(oup),
                nn.ReLU(inplace=True),
            )

        self.model = nn.Sequential(
            conv_bn(1, 8, 2), conv_dw(8, 12, 1), conv_dw(12, 16, 2), conv_dw(16, 16, 2),
            nn.AvgPool2d(4),
        )
        self.fc = nn.Linear(16, 10)

    def forward(self, x):
        x = self.model(x)
        x = x.view(-1, 16)
        return self.fc(x)
"""),
    "mobile-net-inverted-residual": Sound("""
class InvertedResidual(nn.Module):
    def __init__(self, i, o, stride, expand):
        super().__init__()
        hidden = i * expand
        self.use_res = stride == 1 and i == o
        self.conv = nn.Sequential(
            nn.Conv2d(i, hidden, 1, bias=False), nn.BatchNorm2d(hidden), nn.ReLU6(inplace=True),
            nn.Conv2d(hidden, hidden, 3, stride, 1, groups=hidden, bias=False),
            nn.BatchNorm2d(hidden), nn.ReLU6(inplace=True),
            nn.Conv2d(hidden, o, 1, bias=False), nn.BatchNorm2d(o),
        )

    def forward(self, x):
        return x + self.conv(x) if self.use_res else self.conv(x)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 6, 3, 2, 1), InvertedResidual(6, 8, 2, 2), InvertedResidual(8, 8, 1, 2))
        self.classifier = nn.Sequential(nn.Dropout(0.2), nn.Linear(8, 10))

    def forward(self, x):
        return self.classifier(self.features(x).mean([2, 3]))
"""),
    "convnext-block": Sound("""
class LayerNorm2d(nn.LayerNorm):
    def forward(self, x):
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class Block(nn.Module):
    def __init__(self, dim, scale=1e-1):
        super().__init__()
        self.dwconv = nn.Conv2d(dim, dim, kernel_size=7, padding=3, groups=dim)
        self.norm = nn.LayerNorm(dim, eps=1e-6)
        self.pwconv1 = nn.Linear(dim, 2 * dim)
        self.pwconv2 = nn.Linear(2 * dim, dim)
        self.gamma = nn.Parameter(scale * torch.ones(dim))

    def forward(self, x):
        y = self.dwconv(x).permute(0, 2, 3, 1)
        y = self.pwconv2(F.gelu(self.pwconv1(self.norm(y))))
        return x + (self.gamma * y).permute(0, 3, 1, 2)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, 10, 4, 4), LayerNorm2d(10))
        self.blocks = nn.Sequential(Block(10), Block(10))
        self.norm = nn.LayerNorm(10)
        self.head = nn.Linear(10, 10)

    def forward(self, x):
        return self.head(self.norm(self.blocks(self.stem(x)).mean([-2, -1])))
"""),
    "squeeze-excitation": Sound("""
class SE(nn.Module):
    def __init__(self, c, r=4):
        super().__init__()
        self.avg_pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Sequential(
            nn.Linear(c, c // r, bias=False), nn.ReLU(inplace=True),
            nn.Linear(c // r, c, bias=False), nn.Sigmoid())

    def forward(self, x):
        b, c, _, _ = x.size()
        y = self.avg_pool(x).view(b, c)
        y = self.fc(y).view(b, c, 1, 1)
        return x * y.expand_as(x)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.se1 = nn.Conv2d(1, 8, 5, 2), SE(8)
        self.conv2, self.se2 = nn.Conv2d(8, 12, 3, 2), SE(12)
        self.fc = nn.Linear(12 * 36, 10)

    def forward(self, x):
        x = self.se1(F.relu(self.conv1(x)))
        x = self.se2(F.relu(self.conv2(x)))
        return self.fc(x.view(x.size(0), -1))
"""),
    "efficient-channel-attention": Sound("""
class ECA(nn.Module):
    def __init__(self, k=3):
        super().__init__()
        self.conv = nn.Conv1d(1, 1, kernel_size=k, padding=k // 2, bias=False)

    def forward(self, x):
        y = F.adaptive_avg_pool2d(x, 1).squeeze(-1).transpose(-1, -2)
        y = self.conv(y).transpose(-1, -2).unsqueeze(-1)
        return x * torch.sigmoid(y)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.eca = nn.Conv2d(1, 12, 5, stride=4), ECA()
        self.fc = nn.Linear(12 * 49, 10)

    def forward(self, x):
        return self.fc(self.eca(torch.relu(self.conv(x))).flatten(1))
"""),
    "channel-and-spatial-attention": Sound("""
class ChannelGate(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.mlp = nn.Sequential(nn.Flatten(), nn.Linear(c, c // 2), nn.ReLU(),
                                 nn.Linear(c // 2, c))

    def forward(self, x):
        avg = self.mlp(F.avg_pool2d(x, x.shape[2:]))
        top = self.mlp(F.max_pool2d(x, x.shape[2:]))
        return x * torch.sigmoid(avg + top)[:, :, None, None]


class SpatialGate(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(2, 1, 7, padding=3)

    def forward(self, x):
        both = torch.cat((x.max(1, keepdim=True)[0], x.mean(1, keepdim=True)), 1)
        return x * torch.sigmoid(self.conv(both))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 4, 4)
        self.gates = nn.Sequential(ChannelGate(8), SpatialGate())
        self.fc = nn.Linear(512, 10)

    def forward(self, x):
        return self.fc(self.gates(F.relu(self.conv(x))).flatten(1))
"""),
    "dilated": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(1, 4, 3, padding=1, dilation=1)
        self.b = nn.Conv2d(4, 6, 3, padding=2, dilation=2)
        self.c = nn.Conv2d(6, 8, 3, padding=4, dilation=4, stride=2)
        self.fc = nn.Linear(8, 10)

    def forward(self, x):
        x = F.relu(self.c(F.relu(self.b(F.relu(self.a(x))))))
        return self.fc(x.amax((2, 3)))
"""),
    "atrous-pyramid": Sound("""
class Net(nn.Module):
    def __init__(self, rates=(1, 2, 3)):
        super().__init__()
        self.stem = nn.Conv2d(1, 6, 3, stride=2, padding=1)
        self.pyramid = nn.ModuleDict(
            {f"rate{r}": nn.Conv2d(6, 4, 3, padding=r, dilation=r) for r in rates})
        self.fc = nn.Linear(12, 10)

    def forward(self, x):
        x = F.relu(self.stem(x))
        x = torch.cat([F.relu(conv(x)) for conv in self.pyramid.values()], dim=1)
        return self.fc(x.mean((2, 3)))
"""),
    "grouped": Sound("""
class Net(nn.Module):
    def __init__(self, cardinality=4):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, 3, 2)
        self.conv2 = nn.Conv2d(8, 16, 3, 2, groups=cardinality)
        self.conv3 = nn.Conv2d(16, 16, 3, groups=cardinality, bias=False)
        self.norm = nn.GroupNorm(cardinality, 16)
        self.fc = nn.Linear(16 * 25, 10)

    def forward(self, x):
        x = torch.relu(self.conv2(torch.relu(self.conv1(x))))
        return self.fc(torch.relu(self.norm(self.conv3(x))).flatten(1))
"""),
    "all-convolutional": Sound(
        """
class AllConv(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, 3, padding=1, stride=2)
        self.conv2 = nn.Conv2d(8, 12, 3, padding=1, stride=2)
        self.conv3 = nn.Conv2d(12, 12, 1)
        self.class_conv = nn.Conv2d(12, 10, 1)

    def forward(self, x):
        x_drop = F.dropout(x, .2, training=self.training)
        x = F.relu(self.conv1(x_drop))
        x = F.relu(self.conv3(F.relu(self.conv2(x))))
        x = F.relu(self.class_conv(x))
        pool_out = F.adaptive_avg_pool2d(x, 1)
        pool_out.squeeze_(-1)
        pool_out.squeeze_(-1)
        return pool_out
""",
        name="AllConv",
    ),
    "convolution-as-the-classifier": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, 5, stride=2), nn.ReLU(), nn.Conv2d(8, 8, 5, stride=2), nn.ReLU())
        self.classifier = nn.Conv2d(8, 10, kernel_size=5)

    def forward(self, x):
        return self.classifier(self.features(x)).reshape(-1, 10)
"""),
    "asymmetric-kernels": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.wide = nn.Conv2d(1, 6, (1, 7), stride=(1, 2))
        self.tall = nn.Conv2d(6, 8, (7, 1), stride=(2, 1), padding=(3, 0))
        self.pool = nn.MaxPool2d((2, 1))
        self.fc = nn.Linear(8 * 8 * 13, 10)

    def forward(self, x):
        return self.fc(self.pool(F.relu(self.tall(F.relu(self.wide(x))))).flatten(1))
"""),
    "even-kernels-and-other-padding": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(1, 4, 4, padding=2, padding_mode="reflect")
        self.b = nn.Conv2d(4, 6, 2, stride=2, padding=1, padding_mode="circular")
        self.pad = nn.ZeroPad2d((0, 1, 0, 1))
        self.fc = nn.Linear(6 * 18 * 18, 10)

    def forward(self, x):
        x = F.relu(self.b(F.relu(self.a(x))))
        return self.fc(torch.flatten(self.pad(x), 1))
"""),
    "pixel-unshuffle": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.down = nn.PixelUnshuffle(4)
        self.mix = nn.Conv2d(16, 12, 1)
        self.conv = nn.Conv2d(12, 12, 3, padding=1, groups=12)
        self.fc = nn.Linear(12 * 64, 10)

    def forward(self, x):
        x = F.gelu(self.mix(self.down(x)))
        return self.fc((x + self.conv(x)).flatten(1))
"""),
    "transposed-convolution": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Conv2d(1, 6, 5, stride=4), nn.ReLU())
        self.decoder = nn.Sequential(nn.ConvTranspose2d(6, 4, 2, stride=2), nn.ReLU())
        self.head = nn.Linear(4 * 14 * 14, 10)

    def forward(self, x):
        return self.head(self.decoder(self.encoder(x)).view(x.size(0), -1))
"""),
    "hourglass-with-skips": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.down1 = nn.Conv2d(1, 4, 3, 2, 1)
        self.down2 = nn.Conv2d(4, 8, 3, 2, 1)
        self.up = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False)
        self.merge = nn.Conv2d(12, 8, 3, padding=1)
        self.fc = nn.Linear(8, 10)

    def forward(self, x):
        one = F.relu(self.down1(x))
        two = F.relu(self.down2(one))
        x = F.relu(self.merge(torch.cat([one, self.up(two)], dim=1)))
        return self.fc(x.mean(dim=(-1, -2)))
"""),
    "feature-pyramid": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1, self.c2 = nn.Conv2d(1, 6, 3, 4, 1), nn.Conv2d(6, 8, 3, 2, 1)
        self.l1, self.l2 = nn.Conv2d(6, 6, 1), nn.Conv2d(8, 6, 1)
        self.fc = nn.Linear(12, 10)

    def forward(self, x):
        c1 = torch.relu(self.c1(x))
        c2 = torch.relu(self.c2(c1))
        p2 = self.l2(c2)
        p1 = self.l1(c1) + F.interpolate(p2, size=c1.shape[-2:], mode="nearest")
        return self.fc(torch.cat([p1.mean((2, 3)), p2.mean((2, 3))], 1))
"""),
    "highway": Sound("""
class Highway(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.plain, self.gate = nn.Linear(size, size), nn.Linear(size, size)
        nn.init.constant_(self.gate.bias, -2.0)

    def forward(self, x):
        t = torch.sigmoid(self.gate(x))
        return t * torch.relu(self.plain(x)) + (1 - t) * x


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(1024, 24)
        self.ways = nn.Sequential(*[Highway(24) for _ in range(4)])
        self.last = nn.Linear(24, 10)

    def forward(self, x):
        return self.last(self.ways(self.first(torch.flatten(x, 1))))
"""),
    "fractal": Sound("""
class Fractal(nn.Module):
    def __init__(self, c, depth):
        super().__init__()
        self.short = nn.Conv2d(c, c, 3, padding=1)
        self.long = None
        if depth > 1:
            self.long = nn.Sequential(Fractal(c, depth - 1), Fractal(c, depth - 1))

    def forward(self, x):
        short = F.relu(self.short(x))
        return short if self.long is None else (short + self.long(x)) / 2


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(1, 6, 4, 4)
        self.body = Fractal(6, 3)
        self.fc = nn.Linear(6 * 64, 10)

    def forward(self, x):
        return self.fc(self.body(self.stem(x)).flatten(1))
"""),
    "maxout": Sound("""
class Maxout(nn.Module):
    def __init__(self, i, o, pieces=3):
        super().__init__()
        self.o, self.pieces = o, pieces
        self.linear = nn.Linear(i, o * pieces)

    def forward(self, x):
        return self.linear(x).view(x.size(0), self.o, self.pieces).max(dim=2).values


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.one, self.two = Maxout(1024, 16), Maxout(16, 10, 2)

    def forward(self, x):
        return self.two(self.one(x.flatten(1)))
"""),
    "max-feature-map": Sound("""
class MFM(nn.Module):
    def __init__(self, i, o, k, s):
        super().__init__()
        self.conv = nn.Conv2d(i, 2 * o, k, s)

    def forward(self, x):
        a, b = torch.split(self.conv(x), self.conv.out_channels // 2, dim=1)
        return torch.max(a, b)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(MFM(1, 6, 5, 2), MFM(6, 8, 3, 2), nn.Flatten(),
                                 nn.Linear(8 * 36, 10))

    def forward(self, x):
        return self.net(x)
"""),
    "spatial-pyramid": Sound("""
class SpatialPyramid(nn.Module):
    def __init__(self, levels=(1, 2, 4)):
        super().__init__()
        self.levels = levels

    def forward(self, x):
        return torch.cat([F.adaptive_max_pool2d(x, n).flatten(1) for n in self.levels], dim=1)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Sequential(nn.Conv2d(1, 6, 5, 2), nn.ReLU())
        self.pyramid = SpatialPyramid()
        self.fc = nn.Linear(6 * 21, 10)

    def forward(self, x):
        return self.fc(self.pyramid(self.conv(x)))
"""),
    "poolings-of-all-kinds": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1, self.c2, self.c3 = nn.Conv2d(1, 4, 3), nn.Conv2d(4, 6, 3), nn.Conv2d(6, 8, 2)
        self.p1 = nn.LPPool2d(2, 2)
        self.p2 = nn.MaxPool2d(3, stride=2, padding=1, ceil_mode=True)
        self.p3 = nn.AvgPool2d(2, count_include_pad=False)
        self.fc = nn.Linear(8 * 3 * 3, 10)

    def forward(self, x):
        x = self.p1(F.relu(self.c1(x)) + 1e-3)
        x = self.p2(F.relu(self.c2(x)))
        x = self.p3(F.relu(self.c3(x)))
        return self.fc(x.flatten(1))
"""),
    "pooling-with-indices": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3, padding=1)
        self.pool = nn.MaxPool2d(4, return_indices=True)
        self.unpool = nn.MaxUnpool2d(4)
        self.fc = nn.Linear(4 * 1024, 10)

    def forward(self, x):
        maps = torch.relu(self.conv(x))
        small, places = self.pool(maps)
        return self.fc(self.unpool(small, places).flatten(1))
"""),
    "generalized-mean-pooling": Sound("""
class GeM(nn.Module):
    def __init__(self, p=3.0, eps=1e-6):
        super().__init__()
        self.p = nn.Parameter(torch.ones(1) * p)
        self.eps = eps

    def forward(self, x):
        x = x.clamp(min=self.eps).pow(self.p)
        return F.avg_pool2d(x, (x.size(-2), x.size(-1))).pow(1.0 / self.p)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 16, 5, stride=2)
        self.pool = GeM()
        self.fc = nn.Linear(16, 10)

    def forward(self, x):
        return self.fc(self.pool(self.conv(x)).flatten(1))
"""),
    "blur-pool": Sound("""
class BlurPool(nn.Module):
    def __init__(self, channels):
        super().__init__()
        row = torch.tensor([1.0, 2.0, 1.0]) / 4
        self.register_buffer("kernel", torch.outer(row, row).expand(channels, 1, 3, 3).clone())

    def forward(self, x):
        return F.conv2d(x, self.kernel, stride=2, padding=1, groups=self.kernel.shape[0])


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(1, 6, 3, padding=1), nn.ReLU(), BlurPool(6),
            nn.Conv2d(6, 6, 3, padding=1), nn.ReLU(), BlurPool(6),
            nn.Flatten(), nn.Linear(6 * 64, 10))

    def forward(self, x):
        return self.net(x)
"""),
    "unfold-as-a-convolution": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.filters = nn.Linear(25, 6)
        self.fc = nn.Linear(6 * 36, 10)

    def forward(self, x):
        patches = F.unfold(x, kernel_size=5, stride=5).transpose(1, 2)
        return self.fc(torch.relu(self.filters(patches)).flatten(1))
"""),
    "coordinates-as-channels": Sound("""
class AddCoords(nn.Module):
    def forward(self, x):
        n, _, h, w = x.shape
        ys = torch.linspace(-1, 1, h, device=x.device).view(1, 1, h, 1).expand(n, 1, h, w)
        xs = torch.linspace(-1, 1, w, device=x.device).view(1, 1, 1, w).expand(n, 1, h, w)
        return torch.cat([x, ys, xs], dim=1)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            AddCoords(), nn.Conv2d(3, 8, 5, stride=2), nn.ReLU(), AddCoords(),
            nn.Conv2d(10, 8, 3, stride=2), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 36, 10))

    def forward(self, x):
        return self.net(x)
"""),
    "repeated-to-three-channels": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = nn.Sequential(
            nn.Conv2d(3, 8, 3, stride=2), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2))
        self.fc = nn.Linear(8 * 49, 10)

    def forward(self, x):
        if x.shape[1] == 1:
            x = x.repeat(1, 3, 1, 1)
        return self.fc(self.backbone(x).flatten(1))
"""),
    "expanded-to-three-channels": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 6, 5, stride=3)
        self.fc = nn.Linear(600, 10)

    def forward(self, x):
        return self.fc(F.relu(self.conv(x.expand(-1, 3, -1, -1))).flatten(1))
"""),
    "resized-in-forward": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 6, 3)
        self.fc = nn.Linear(6 * 100, 10)

    def forward(self, x):
        x = F.interpolate(x, size=(12, 12), mode="bilinear", align_corners=False)
        return self.fc(torch.tanh(self.conv(x)).flatten(1))
"""),
    "cropped-in-forward": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 6, 5, stride=2)
        self.fc = nn.Linear(6 * 144, 10)

    def forward(self, x):
        x = x[:, :, 2:30, 2:30]  # back to 28 x 28
        x = F.relu(self.conv(x))
        return self.fc(x.reshape(x.size(0), -1))
"""),
    "padded-in-forward": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 6, stride=6)
        self.fc = nn.Linear(4 * 36, 10)

    def forward(self, x):
        x = F.pad(x, (2, 2, 2, 2), value=-1.0)
        return self.fc(F.relu(self.conv(x)).flatten(1))
"""),
    "normalised-in-forward": Sound("""
MEAN, STD = 0.2860, 0.3530


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 5, stride=3)
        self.fc = nn.Linear(800, 10)

    def forward(self, x):
        x = (x * 0.5 + 0.5 - MEAN) / STD
        return self.fc(F.relu(self.conv(x)).flatten(1))
"""),
    "each-image-normalised": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 5, stride=3)
        self.fc = nn.Linear(800, 10)

    def forward(self, x):
        mean = x.mean(dim=(1, 2, 3), keepdim=True)
        std = x.std(dim=(1, 2, 3), keepdim=True)
        x = (x - mean) / (std + 1e-5)
        return self.fc(F.relu(self.conv(x)).flatten(1))
"""),
    "augmented-in-forward": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 5, stride=3)
        self.fc = nn.Linear(800, 10)

    def forward(self, x):
        if self.training:
            if torch.rand(1).item() < 0.5:
                x = torch.roll(x, shifts=(1,), dims=(3,))
            x = x + 0.05 * torch.randn_like(x)
        return self.fc(F.relu(self.conv(x)).flatten(1))
"""),
    "one-image-in-four-shifts": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 6, 5, stride=4)
        self.fc = nn.Linear(6 * 49, 10)

    def once(self, x):
        return self.fc(F.relu(self.conv(x)).flatten(1))

    def forward(self, x):
        shifts = [(0, 0), (0, 2), (2, 0), (2, 2)]
        return torch.stack([self.once(x.roll(s, (2, 3))) for s in shifts]).mean(0)
"""),
    "shifted-views-in-the-batch": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 6, 5, stride=4)
        self.fc = nn.Linear(6 * 49, 10)

    def forward(self, x):
        n = x.size(0)
        both = torch.cat([x, x.flip(3)], dim=0)
        y = self.fc(F.relu(self.conv(both)).flatten(1))
        return (y[:n] + y[n:]) / 2
"""),
    "one-dimensional-over-rows": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv1d(32, 16, 3, padding=1)
        self.conv2 = nn.Conv1d(16, 8, 3, padding=1)
        self.bn = nn.BatchNorm1d(16)
        self.fc = nn.Linear(8 * 16, 10)

    def forward(self, x):
        x = x.squeeze(1)
        x = F.max_pool1d(F.relu(self.bn(self.conv1(x))), 2)
        return self.fc(F.relu(self.conv2(x)).flatten(1))
"""),
    "temporal-convolutions-over-pixels": Sound("""
class Causal(nn.Module):
    def __init__(self, i, o, dilation):
        super().__init__()
        self.pad = 2 * dilation
        self.conv = nn.Conv1d(i, o, 3, padding=self.pad, dilation=dilation)
        self.skip = nn.Conv1d(i, o, 1) if i != o else None

    def forward(self, x):
        y = torch.relu(self.conv(x)[:, :, :-self.pad])
        return y + (x if self.skip is None else self.skip(x))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.tcn = nn.Sequential(Causal(4, 8, 1), Causal(8, 8, 4), Causal(8, 8, 16))
        self.fc = nn.Linear(8, 10)

    def forward(self, x):
        return self.fc(self.tcn(x.view(x.size(0), 4, -1))[:, :, -1])
"""),
    "three-dimensional": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv3d(1, 4, (2, 4, 4), stride=(2, 4, 4))
        self.fc = nn.Linear(4 * 2 * 16, 10)

    def forward(self, x):
        quarters = torch.stack([x[..., i::2, j::2] for i in (0, 1) for j in (0, 1)], dim=2)
        return self.fc(torch.relu(self.conv(quarters)).flatten(1))
"""),
    "linear-only": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(1024, 10)

    def forward(self, x):
        return self.fc(x.view(-1, 1024))
"""),
    "two-paths": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv_path = nn.Sequential(nn.Conv2d(1, 6, 5, 4), nn.ReLU(), nn.Flatten())
        self.dense_path = nn.Sequential(nn.Flatten(), nn.Linear(1024, 12), nn.ReLU())
        self.merge = nn.Linear(6 * 49 + 12, 10)

    def forward(self, x):
        return self.merge(torch.cat((self.conv_path(x), self.dense_path(x)), dim=-1))
"""),
}
