"""Transformers, attention, mixers, and recurrent networks over rows and patches."""

from tests.support.networks.case import Sound

SOUND = {
    "vit-with-class-token": Sound(
        """
class ViT(nn.Module):
    def __init__(self, patch=8, dim=16, depth=1, heads=2):
        super().__init__()
        self.patch_embed = nn.Conv2d(1, dim, patch, stride=patch)
        n = (32 // patch) ** 2
        self.cls_token = nn.Parameter(torch.zeros(1, 1, dim))
        self.pos_embed = nn.Parameter(torch.randn(1, n + 1, dim) * 0.02)
        layer = nn.TransformerEncoderLayer(dim, heads, dim_feedforward=2 * dim, dropout=0.1,
                                           activation="gelu", batch_first=True, norm_first=True)
        self.encoder = nn.TransformerEncoder(layer, depth, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(dim)
        self.head = nn.Linear(dim, 10)

    def forward(self, x):
        x = self.patch_embed(x).flatten(2).transpose(1, 2)
        cls = self.cls_token.expand(x.shape[0], -1, -1)
        x = torch.cat((cls, x), dim=1) + self.pos_embed
        x = self.encoder(x)
        return self.head(self.norm(x[:, 0]))
""",
        name="ViT",
    ),
    "vit-by-hand": Sound("""
import torch
from torch import nn


class Attention(nn.Module):
    def __init__(self, dim, heads=2):
        super().__init__()
        self.heads, self.scale = heads, (dim // heads) ** -0.5
        self.qkv = nn.Linear(dim, dim * 3, bias=False)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x):
        B, N, C = x.shape
        qkv = self.qkv(x).reshape(B, N, 3, self.heads, C // self.heads).permute(2, 0, 3, 1, 4)
        q, k, v = qkv[0], qkv[1], qkv[2]
        attn = ((q @ k.transpose(-2, -1)) * self.scale).softmax(dim=-1)
        return self.proj((attn @ v).transpose(1, 2).reshape(B, N, C))


class Block(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.norm1, self.attn = nn.LayerNorm(dim), Attention(dim)
        self.norm2 = nn.LayerNorm(dim)
        self.mlp = nn.Sequential(nn.Linear(dim, 2 * dim), nn.GELU(), nn.Linear(2 * dim, dim))

    def forward(self, x):
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class Net(nn.Module):
    def __init__(self, dim=16, p=8):
        super().__init__()
        self.p = p
        self.embed = nn.Linear(p * p, dim)
        self.pos = nn.Parameter(torch.randn(1, 16, dim) * .02)
        self.blocks = nn.ModuleList([Block(dim) for _ in range(2)])
        self.head = nn.Sequential(nn.LayerNorm(dim), nn.Linear(dim, 10))

    def forward(self, x):
        B = x.shape[0]
        x = x.unfold(2, self.p, self.p).unfold(3, self.p, self.p)
        x = x.reshape(B, 16, self.p * self.p)
        x = self.embed(x) + self.pos
        for blk in self.blocks:
            x = blk(x)
        return self.head(x.mean(dim=1))
"""),
    "transformer-encoder-layer-first-token": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.rows = nn.Linear(32, 16)
        self.layer = nn.TransformerEncoderLayer(d_model=16, nhead=4, dim_feedforward=32)
        self.out = nn.Linear(16, 10)

    def forward(self, x):
        x = self.rows(x.squeeze(1)).permute(1, 0, 2)  # rows, images, features
        x = self.layer(x)
        return self.out(x.mean(dim=0))
"""),
    "transformer-with-sinus-positions": Sound("""
import math

import torch
from torch import nn


class PositionalEncoding(nn.Module):
    def __init__(self, d_model, dropout=0.1, max_len=64):
        super().__init__()
        self.dropout = nn.Dropout(p=dropout)
        position = torch.arange(max_len).unsqueeze(1)
        div_term = torch.exp(torch.arange(0, d_model, 2) * (-math.log(10000.0) / d_model))
        pe = torch.zeros(1, max_len, d_model)
        pe[0, :, 0::2] = torch.sin(position * div_term)
        pe[0, :, 1::2] = torch.cos(position * div_term)
        self.register_buffer("pe", pe, persistent=False)

    def forward(self, x):
        return self.dropout(x + self.pe[:, :x.size(1)])


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Linear(32, 16)
        self.position = PositionalEncoding(16)
        self.attention = nn.TransformerEncoderLayer(16, 2, 24, batch_first=True)
        self.out = nn.Linear(16, 10)

    def forward(self, x):
        x = self.position(self.embed(x.flatten(1, 2)) * math.sqrt(16))
        return self.out(self.attention(x)[:, -1])
"""),
    "multihead-attention": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 12, 8, stride=8)
        self.attention = nn.MultiheadAttention(12, 3, batch_first=True)
        self.norm = nn.LayerNorm(12)
        self.fc = nn.Linear(12 * 16, 10)

    def forward(self, x):
        tokens = self.conv(x).flatten(2).permute(0, 2, 1)
        mixed, _ = self.attention(tokens, tokens, tokens, need_weights=False)
        return self.fc(self.norm(tokens + mixed).flatten(1))
"""),
    "multihead-attention-with-weights": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 8, stride=8)
        self.query = nn.Parameter(torch.randn(1, 1, 8))
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.fc = nn.Linear(8, 10)

    def forward(self, x):
        tokens = self.conv(x).flatten(2).mT
        query = self.query.repeat(len(x), 1, 1)
        pooled, self.weights = self.attention(query, tokens, tokens)
        return self.fc(pooled[:, 0])
"""),
    "scaled-dot-product-attention": Sound("""
class Net(nn.Module):
    def __init__(self, dim=12):
        super().__init__()
        self.embed = nn.Linear(64, dim)
        self.q, self.k, self.v = (nn.Linear(dim, dim) for _ in range(3))
        self.fc = nn.Linear(dim, 10)

    def forward(self, x):
        x = self.embed(F.unfold(x, 8, stride=8).transpose(1, 2))
        x = x + F.scaled_dot_product_attention(self.q(x), self.k(x), self.v(x))
        return self.fc(x.mean(1))
"""),
    "self-attention-over-pixels": Sound("""
class SelfAttention(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.query = nn.Conv2d(c, c // 2, 1)
        self.key = nn.Conv2d(c, c // 2, 1)
        self.value = nn.Conv2d(c, c, 1)
        self.gamma = nn.Parameter(torch.zeros(1))

    def forward(self, x):
        n, c, h, w = x.size()
        q = self.query(x).view(n, -1, h * w).permute(0, 2, 1)
        k = self.key(x).view(n, -1, h * w)
        attention = F.softmax(torch.bmm(q, k), dim=-1)
        v = self.value(x).view(n, -1, h * w)
        out = torch.bmm(v, attention.permute(0, 2, 1)).view(n, c, h, w)
        return self.gamma * out + x


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 4, stride=4)
        self.attention = SelfAttention(8)
        self.fc = nn.Linear(8 * 64, 10)

    def forward(self, x):
        return self.fc(self.attention(F.relu(self.conv(x))).flatten(1))
"""),
    "non-local-block": Sound("""
class NonLocal(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.theta, self.phi, self.g = (nn.Conv2d(c, c // 2, 1) for _ in range(3))
        self.out = nn.Conv2d(c // 2, c, 1)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, x):
        theta, phi, g = (f(x).flatten(2) for f in (self.theta, self.phi, self.g))
        y = torch.einsum("ncp,ncq->npq", theta, phi).softmax(-1)
        y = torch.einsum("npq,ncq->ncp", y, g).reshape(len(x), -1, *x.shape[2:])
        return x + self.out(y)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(1, 8, 4, 4), nn.ReLU(), NonLocal(8), nn.Flatten(), nn.Linear(512, 10))

    def forward(self, x):
        return self.net(x)
"""),
    "mlp-mixer": Sound("""
class MlpBlock(nn.Sequential):
    def __init__(self, dim, hidden):
        super().__init__(nn.Linear(dim, hidden), nn.GELU(), nn.Linear(hidden, dim))


class MixerBlock(nn.Module):
    def __init__(self, tokens, dim):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.token_mix, self.channel_mix = MlpBlock(tokens, 12), MlpBlock(dim, 24)

    def forward(self, x):
        x = x + self.token_mix(self.norm1(x).transpose(1, 2)).transpose(1, 2)
        return x + self.channel_mix(self.norm2(x))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(1, 12, 8, 8)
        self.mixer = nn.Sequential(MixerBlock(16, 12), MixerBlock(16, 12))
        self.head = nn.Linear(12, 10)

    def forward(self, x):
        x = self.stem(x).flatten(2).transpose(1, 2)
        return self.head(self.mixer(x).mean(1))
"""),
    "gated-mlp": Sound("""
class SpatialGate(nn.Module):
    def __init__(self, dim, tokens):
        super().__init__()
        self.norm = nn.LayerNorm(dim)
        self.proj = nn.Conv1d(tokens, tokens, kernel_size=1)
        nn.init.constant_(self.proj.bias, 1.0)

    def forward(self, x):
        u, v = x.chunk(2, dim=-1)
        return u * self.proj(self.norm(v))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Linear(64, 24)
        self.gate = SpatialGate(12, 16)
        self.head = nn.Linear(12, 10)

    def forward(self, x):
        x = F.pixel_unshuffle(x, 8).flatten(2).transpose(1, 2)
        x = x.reshape(x.size(0), 16, 64)
        return self.head(self.gate(F.gelu(self.embed(x))).mean(1))
"""),
    "external-attention": Sound("""
class Net(nn.Module):
    def __init__(self, dim=12, memory=8):
        super().__init__()
        self.embed = nn.Conv2d(1, dim, 8, 8)
        self.mk = nn.Linear(dim, memory, bias=False)
        self.mv = nn.Linear(memory, dim, bias=False)
        self.fc = nn.Linear(dim, 10)

    def forward(self, x):
        x = self.embed(x).flatten(2).transpose(1, 2)
        a = F.softmax(self.mk(x), dim=1)
        a = a / (1e-9 + a.sum(dim=2, keepdim=True))
        return self.fc((x + self.mv(a)).mean(1))
"""),
    "fourier-mixing-of-tokens": Sound("""
class Net(nn.Module):
    def __init__(self, dim=12):
        super().__init__()
        self.embed = nn.Linear(32, dim)
        self.norm = nn.LayerNorm(dim)
        self.feed = nn.Sequential(nn.Linear(dim, 24), nn.GELU(), nn.Linear(24, dim))
        self.fc = nn.Linear(dim, 10)

    def forward(self, x):
        x = self.embed(x[:, 0])
        x = x + torch.fft.fft2(self.norm(x)).real / 20
        return self.fc((x + self.feed(x)).mean(dim=1))
"""),
    "perceiver-latents": Sound("""
class Net(nn.Module):
    def __init__(self, latents=4, dim=12):
        super().__init__()
        self.latents = nn.Parameter(torch.randn(latents, dim) * 0.1)
        self.embed = nn.Linear(64, dim)
        self.cross = nn.MultiheadAttention(dim, 2, batch_first=True)
        self.fc = nn.Linear(latents * dim, 10)

    def forward(self, x):
        tokens = self.embed(F.unfold(x, 8, stride=8).mT)
        latents = self.latents.unsqueeze(0).expand(x.size(0), -1, -1)
        latents = latents + self.cross(latents, tokens, tokens)[0]
        return self.fc(latents.reshape(x.size(0), -1))
"""),
    "window-attention": Sound("""
class Net(nn.Module):
    def __init__(self, dim=8):
        super().__init__()
        self.embed = nn.Conv2d(1, dim, 4, 4)
        self.qkv = nn.Linear(dim, 3 * dim)
        self.bias = nn.Parameter(torch.zeros(16, 16))
        self.fc = nn.Linear(dim, 10)

    def windows(self, x):
        n, h, w, c = x.shape
        return x.view(n, h // 4, 4, w // 4, 4, c).transpose(2, 3).reshape(-1, 16, c)

    def forward(self, x):
        n = len(x)
        x = self.windows(self.embed(x).permute(0, 2, 3, 1))
        q, k, v = self.qkv(x).chunk(3, -1)
        x = x + torch.softmax(q @ k.mT / 8 ** 0.5 + self.bias, -1) @ v
        return self.fc(x.reshape(n, -1, x.size(-1)).mean(1))
"""),
    "lstm-over-rows": Sound("""
class Net(nn.Module):
    def __init__(self, input_size=32, hidden_size=24, num_layers=1, num_classes=10):
        super(Net, self).__init__()
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.lstm = nn.LSTM(input_size, hidden_size, num_layers, batch_first=True)
        self.fc = nn.Linear(hidden_size, num_classes)

    def forward(self, x):
        x = x.reshape(-1, 32, 32)
        h0 = torch.zeros(self.num_layers, x.size(0), self.hidden_size).to(x.device)
        c0 = torch.zeros(self.num_layers, x.size(0), self.hidden_size).to(x.device)
        out, _ = self.lstm(x, (h0, c0))
        out = self.fc(out[:, -1, :])
        return out
"""),
    "gru-over-rows-both-ways": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.gru = nn.GRU(32, 12, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(24, 10)

    def forward(self, x):
        _, h = self.gru(x.squeeze(1))
        return self.fc(torch.cat((h[0], h[1]), dim=1))
"""),
    "rnn-over-columns": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.RNN(input_size=32, hidden_size=20, nonlinearity="relu")
        self.out = nn.Linear(20, 10)

    def forward(self, x):
        columns = x[:, 0].permute(2, 0, 1)
        _, last = self.rnn(columns)
        return self.out(last.squeeze(0))
"""),
    "lstm-of-two-layers-with-dropout": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(64, 16, num_layers=2, dropout=0.3, batch_first=True)
        self.bn = nn.BatchNorm1d(16)
        self.out = nn.Linear(16, 10)

    def forward(self, x):
        r_out, (h_n, h_c) = self.rnn(x.view(x.size(0), 16, 64), None)
        return self.out(self.bn(r_out.mean(dim=1)))
"""),
    "lstm-cell-by-hand": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell = nn.LSTMCell(64, 16)
        self.out = nn.Linear(16, 10)

    def forward(self, x):
        rows = x.view(x.size(0), 16, 64)
        h = x.new_zeros(x.size(0), 16)
        c = torch.zeros_like(h)
        for t in range(rows.size(1)):
            h, c = self.cell(rows[:, t], (h, c))
        return self.out(h)
"""),
    "recurrent-by-hand": Sound("""
class Net(nn.Module):
    def __init__(self, hidden=16):
        super().__init__()
        self.i2h = nn.Linear(64 + hidden, hidden)
        self.h2o = nn.Linear(hidden, 10)
        self.hidden = hidden

    def init_hidden(self, batch):
        return torch.zeros(batch, self.hidden)

    def forward(self, x):
        hidden = self.init_hidden(len(x)).to(x)
        for row in x.view(len(x), 16, 64).unbind(1):
            hidden = torch.tanh(self.i2h(torch.cat((row, hidden), 1)))
        return self.h2o(hidden)
"""),
    "gru-cell-unrolled-on-the-whole-image": Sound("""
class Net(nn.Module):
    def __init__(self, steps=3):
        super().__init__()
        self.look = nn.Conv2d(1, 4, 8, stride=8)
        self.cell = nn.GRUCell(64, 20)
        self.steps = steps
        self.out = nn.Linear(20, 10)

    def forward(self, x):
        seen = torch.relu(self.look(x)).flatten(1)
        h = None
        for _ in range(self.steps):
            h = self.cell(seen, h)
        return self.out(h)
"""),
    "convolutional-recurrent": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.cnn = nn.Sequential(nn.Conv2d(1, 6, 5, stride=2), nn.ReLU(), nn.MaxPool2d(2))
        self.rnn = nn.GRU(6 * 7, 16, batch_first=True)
        self.fc = nn.Linear(16, 10)

    def forward(self, x):
        maps = self.cnn(x)
        sequence = maps.permute(0, 3, 1, 2).flatten(2)
        self.rnn.flatten_parameters()
        return self.fc(self.rnn(sequence)[0][:, -1])
"""),
    "recurrent-convolution-with-shared-weights": Sound("""
class Net(nn.Module):
    def __init__(self, steps=3):
        super().__init__()
        self.steps = steps
        self.inp = nn.Conv2d(1, 6, 4, stride=4)
        self.rec = nn.Conv2d(6, 6, 3, padding=1)
        self.fc = nn.Linear(6 * 64, 10)

    def forward(self, x):
        drive = self.inp(x)
        state = torch.relu(drive)
        for _ in range(self.steps):
            state = torch.relu(drive + self.rec(state))
        return self.fc(state.flatten(1))
"""),
    "embedding-of-grey-levels": Sound("""
class Net(nn.Module):
    def __init__(self, levels=16, dim=4):
        super().__init__()
        self.levels = levels
        self.embedding = nn.Embedding(levels, dim)
        self.fc = nn.Linear(dim * 64, 10)

    def forward(self, x):
        x = F.avg_pool2d(x, 4).flatten(1)
        index = ((x + 1) / 2 * self.levels).long().clamp(0, self.levels - 1)
        return self.fc(self.embedding(index).flatten(1))
"""),
    "graph-over-patches": Sound("""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        grid = torch.stack(torch.meshgrid(torch.arange(4), torch.arange(4), indexing="ij"), -1)
        places = grid.view(16, 2).float()
        near = (torch.cdist(places, places) < 1.5).float()
        self.register_buffer("adjacency", near / near.sum(1, keepdim=True))
        self.w1, self.w2 = nn.Linear(64, 16), nn.Linear(16, 16)
        self.out = nn.Linear(16, 10)

    def forward(self, x):
        x = F.unfold(x, 8, stride=8).transpose(1, 2)
        x = torch.relu(self.w1(self.adjacency @ x))
        x = torch.relu(self.w2(self.adjacency @ x))
        return self.out(x.max(dim=1).values)
"""),
    "capsules": Sound("""
def squash(s, dim=-1):
    norm2 = (s ** 2).sum(dim, keepdim=True)
    return norm2 / (1 + norm2) * s / (norm2 + 1e-8).sqrt()


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.primary = nn.Conv2d(1, 16, 8, stride=8)
        self.weight = nn.Parameter(0.1 * torch.randn(10, 64, 6, 4))
        self.scale = nn.Parameter(torch.tensor(8.0))

    def forward(self, x):
        u = squash(self.primary(x).view(x.size(0), 64, 4))
        hats = torch.einsum("kioc,nic->nkio", self.weight, u)
        b = torch.zeros(hats.shape[:3], device=x.device)
        for _ in range(2):
            c = b.softmax(dim=1)
            v = squash((c[..., None] * hats).sum(dim=2))
            b = b + (hats * v[:, :, None]).sum(-1)
        return self.scale * (v ** 2).sum(-1).add(1e-8).sqrt()
"""),
}
