"""What the operators of TensorFlow Lite, ONNX and PyTorch do with memory, for the fusing rule.

An operator that stands in no table writes its output: counting one map too many is seen in the
list of a report, one too few is not.
"""

from __future__ import annotations

from fmcodec_eval.capture.graph import Role, Table

__all__ = ["ONNX", "PYTORCH", "TFLITE"]

TFLITE = Table(
    {
        Role.MACS: """CONV_2D DEPTHWISE_CONV_2D CONV_3D TRANSPOSE_CONV CONV_3D_TRANSPOSE
            FULLY_CONNECTED BATCH_MATMUL""",
        Role.POINTWISE: """RELU RELU6 RELU_N1_TO_1 RELU_0_TO_1 PRELU LEAKY_RELU ELU GELU
            HARD_SWISH LOGISTIC TANH EXP LOG SQRT RSQRT SQUARE ABS NEG POW SIN COS SIGN FLOOR CEIL
            ROUND ADD ADD_N SUB MUL DIV MAXIMUM MINIMUM SQUARED_DIFFERENCE SELECT SELECT_V2
            QUANTIZE FAKE_QUANT FLOOR_DIV FLOOR_MOD""",
        Role.REDUCES: "MEAN SUM REDUCE_MAX REDUCE_MIN REDUCE_PROD",
        Role.VIEW: """RESHAPE SQUEEZE EXPAND_DIMS TRANSPOSE PAD PADV2 MIRROR_PAD TILE BROADCAST_TO
            CAST BITCAST DEQUANTIZE DENSIFY SPACE_TO_BATCH_ND BATCH_TO_SPACE_ND SPACE_TO_DEPTH
            DEPTH_TO_SPACE REVERSE_V2""",
        Role.SELECTS: """SLICE STRIDED_SLICE SPLIT SPLIT_V GATHER GATHER_ND CONCATENATION PACK
            UNPACK DYNAMIC_UPDATE_SLICE EMBEDDING_LOOKUP""",
        Role.STATE: "VAR_HANDLE READ_VARIABLE",
        Role.SHAPE: "SHAPE RANK FILL ZEROS_LIKE RANGE",
    },
    rectify="RELU RELU6 RELU_0_TO_1",
    keep_sign="QUANTIZE",
)

ONNX = Table(
    {
        Role.MACS: """Conv ConvTranspose ConvInteger QLinearConv Gemm MatMul MatMulInteger
            QLinearMatMul Einsum DeformConv FusedConv FusedGemm FusedMatMul QGemm MatMulNBits""",
        Role.POINTWISE: """Relu LeakyRelu PRelu Elu Selu Celu ThresholdedRelu Clip HardSwish
            HardSigmoid Sigmoid Tanh Softplus Softsign Gelu FastGelu BiasGelu QuickGelu Mish Swish
            Erf Exp Log Sqrt Reciprocal Pow Abs Neg Sign Floor Ceil Round Sin Cos
            BatchNormalization Add Sub Mul Div Sum Mean Max Min Mod Where QuantizeLinear
            QLinearAdd QLinearMul QLinearSigmoid QLinearLeakyRelu""",
        Role.REDUCES: """ReduceMean ReduceSum ReduceMax ReduceMin ReduceL1 ReduceL2 ReduceProd
            ReduceSumSquare ReduceLogSum ReduceLogSumExp GlobalAveragePool GlobalMaxPool""",
        Role.VIEW: """Identity Reshape Flatten Squeeze Unsqueeze Transpose Expand Tile Dropout Cast
            CastLike Pad DequantizeLinear DynamicQuantizeLinear SpaceToDepth DepthToSpace""",
        Role.SELECTS: """Slice Split Gather GatherND GatherElements Concat QLinearConcat
            Compress""",
        Role.SHAPE: "Shape Size ConstantOfShape EyeLike",
    },
    rectify="Relu",
    keep_sign="QuantizeLinear",
)

PYTORCH = Table(  # names of aten's operators, without the underscore of those that work in place
    {
        Role.MACS: """conv1d conv2d conv3d convolution _convolution conv_transpose1d
            conv_transpose2d conv_transpose3d linear addmm mm bmm baddbmm matmul einsum dot mv
            scaled_dot_product_attention""",
        Role.POINTWISE: """relu relu6 hardtanh leaky_relu prelu rrelu elu selu celu silu gelu
            hardswish hardsigmoid sigmoid log_sigmoid tanh mish softplus softsign threshold
            hardshrink softshrink erf exp log sqrt rsqrt reciprocal pow square abs neg sign floor
            ceil round sin cos clamp clamp_min clamp_max batch_norm add sub rsub mul div maximum
            minimum where masked_fill lerp addcmul addcdiv fake_quantize_per_tensor_affine""",
        Role.REDUCES: """mean sum amax amin prod var std norm linalg_vector_norm logsumexp
            adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d adaptive_max_pool2d""",
        Role.VIEW: """view reshape _unsafe_view flatten unflatten squeeze unsqueeze transpose
            permute t numpy_T mT expand expand_as repeat contiguous clone detach alias dropout
            feature_dropout alpha_dropout to _to_copy type_as float half pad constant_pad_nd
            reflection_pad1d reflection_pad2d replication_pad2d pixel_shuffle pixel_unshuffle
            channel_shuffle movedim swapaxes view_as unfold roll flip""",
        Role.SELECTS: """select slice narrow split split_with_sizes chunk tensor_split unbind cat
            concat concatenate stack hstack vstack index index_select gather embedding copy""",
    },
    rectify="relu relu6",
    keep_sign="",
)
