"""How each renderer shows a viseme, an expression or a gesture at full weight; `docs/cues.md` names the sources.

`~` in an ARKit name stands for both sides: `mouthSmile~` is mouthSmileLeft and mouthSmileRight.
"""

VISEMES = ("sil", "PP", "FF", "TH", "DD", "kk", "CH", "SS", "nn", "RR", "aa", "E", "ih", "oh", "ou")
"""OVR's order."""
ARKIT = (
    "eyeBlinkLeft", "eyeLookDownLeft", "eyeLookInLeft", "eyeLookOutLeft", "eyeLookUpLeft", "eyeSquintLeft",
    "eyeWideLeft", "eyeBlinkRight", "eyeLookDownRight", "eyeLookInRight", "eyeLookOutRight", "eyeLookUpRight",
    "eyeSquintRight", "eyeWideRight", "jawForward", "jawLeft", "jawRight", "jawOpen", "mouthClose", "mouthFunnel",
    "mouthPucker", "mouthLeft", "mouthRight", "mouthSmileLeft", "mouthSmileRight", "mouthFrownLeft",
    "mouthFrownRight", "mouthDimpleLeft", "mouthDimpleRight", "mouthStretchLeft", "mouthStretchRight",
    "mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper", "mouthPressLeft", "mouthPressRight",
    "mouthLowerDownLeft", "mouthLowerDownRight", "mouthUpperUpLeft", "mouthUpperUpRight", "browDownLeft",
    "browDownRight", "browInnerUp", "browOuterUpLeft", "browOuterUpRight", "cheekPuff", "cheekSquintLeft",
    "cheekSquintRight", "noseSneerLeft", "noseSneerRight", "tongueOut",
)  # fmt: skip
"""The 52 of ARFaceAnchor.BlendShapeLocation, in Azure's order."""
VRM = ("happy", "angry", "sad", "relaxed", "surprised", "aa", "ih", "ou", "ee", "oh", "blink", "blinkLeft",
       "blinkRight", "lookUp", "lookDown", "lookLeft", "lookRight", "neutral")  # fmt: skip
"""Expression presets of VRMC_vrm-1.0."""

ARKIT_VISEMES: dict[str, dict[str, float]] = {
    "sil": {},
    "PP": {"mouthPress~": 0.6, "mouthRollLower": 0.35, "mouthRollUpper": 0.3},
    "FF": {"mouthRollLower": 0.55, "mouthUpperUp~": 0.25, "jawOpen": 0.05, "mouthShrugLower": 0.15},
    "TH": {"jawOpen": 0.14, "tongueOut": 0.5, "mouthLowerDown~": 0.2, "mouthUpperUp~": 0.1},
    "DD": {"jawOpen": 0.12, "mouthLowerDown~": 0.2, "mouthUpperUp~": 0.1},
    "kk": {"jawOpen": 0.18, "mouthLowerDown~": 0.15, "mouthUpperUp~": 0.1},
    "CH": {"mouthFunnel": 0.5, "mouthPucker": 0.2, "mouthUpperUp~": 0.15, "jawOpen": 0.08},
    "SS": {"mouthStretch~": 0.25, "mouthSmile~": 0.12, "mouthLowerDown~": 0.25, "mouthUpperUp~": 0.12, "jawOpen": 0.03},
    "nn": {"jawOpen": 0.15, "tongueOut": 0.2, "mouthLowerDown~": 0.15, "mouthStretch~": 0.05},
    "RR": {"mouthFunnel": 0.3, "mouthPucker": 0.3, "jawOpen": 0.12},
    "aa": {"jawOpen": 0.62, "mouthLowerDown~": 0.35, "mouthUpperUp~": 0.2},
    "E": {"jawOpen": 0.34, "mouthStretch~": 0.2, "mouthSmile~": 0.12, "mouthLowerDown~": 0.25, "mouthUpperUp~": 0.12},
    "ih": {"jawOpen": 0.18, "mouthSmile~": 0.25, "mouthStretch~": 0.25, "mouthLowerDown~": 0.2},
    "oh": {"jawOpen": 0.34, "mouthFunnel": 0.5, "mouthPucker": 0.2},
    "ou": {"jawOpen": 0.08, "mouthPucker": 0.75, "mouthFunnel": 0.3},
}
ARKIT_EXPRESSIONS: dict[str, dict[str, float]] = {
    "neutral": {},
    "happy": {"mouthSmile~": 0.85, "cheekSquint~": 0.7, "eyeSquint~": 0.3, "mouthDimple~": 0.2, "mouthUpperUp~": 0.42,
              "mouthLowerDown~": 0.28, "browOuterUp~": 0.12},
    "sad": {"browInnerUp": 0.85, "browDown~": 0.15, "mouthFrown~": 0.75, "mouthShrugLower": 0.4, "eyeLookDown~": 0.3,
            "eyeSquint~": 0.1},
    "angry": {"browDown~": 1.0, "eyeWide~": 0.15, "eyeSquint~": 0.4, "mouthPress~": 0.5, "mouthFrown~": 0.35,
              "noseSneer~": 0.25},
    "fearful": {"browInnerUp": 0.8, "browOuterUp~": 0.3, "eyeWide~": 0.85, "mouthStretch~": 0.7, "mouthFrown~": 0.3,
                "mouthLowerDown~": 0.3, "jawOpen": 0.1},
    "disgusted": {"noseSneer~": 0.9, "mouthUpperUp~": 0.5, "browDown~": 0.55, "mouthFrown~": 0.45, "eyeSquint~": 0.6,
                  "mouthShrugLower": 0.3, "cheekSquint~": 0.4},
    "surprised": {"browInnerUp": 0.75, "browOuterUp~": 0.9, "eyeWide~": 1.0, "jawOpen": 0.42, "mouthFunnel": 0.2},
    "blink": {"eyeBlink~": 1.0},
}  # fmt: skip
"""Ekman's action units (EMFACS): 6+12, 1+4+15, 4+5+7+9+24, 1+2+5+20+26, 4+7+9+10+15, 1+2+5+26; and a little of what
lets a drawn face be read at a glance (teeth in a smile, lowered eyes in sorrow)."""
OPENING = frozenset({"jawOpen", "mouthUpperUp~", "mouthLowerDown~", "mouthFunnel", "mouthPucker", "mouthStretch~"})
"""What an expression may not do to a mouth that speaks."""

VRM_VISEMES: dict[str, dict[str, float]] = {
    "sil": {},
    "PP": {},
    "FF": {"ih": 0.15},
    "TH": {"ee": 0.25},
    "DD": {"ih": 0.3},
    "kk": {"aa": 0.2, "ih": 0.1},
    "CH": {"ou": 0.45},
    "SS": {"ih": 0.35},
    "nn": {"ih": 0.25},
    "RR": {"ou": 0.4, "oh": 0.1},
    "aa": {"aa": 1.0},
    "E": {"ee": 0.9},
    "ih": {"ih": 0.9},
    "oh": {"oh": 1.0},
    "ou": {"ou": 1.0},
}
"""VRM has vowels only: a closure is their absence."""
VRM_EXPRESSIONS: dict[str, dict[str, float]] = {
    "neutral": {"neutral": 1.0},
    "happy": {"happy": 1.0},
    "sad": {"sad": 1.0},
    "angry": {"angry": 1.0},
    "fearful": {"surprised": 0.6, "sad": 0.4},
    "disgusted": {"angry": 0.5, "sad": 0.3},
    "surprised": {"surprised": 1.0},
    "blink": {"blink": 1.0},
}

LIVE2D_VISEMES: dict[str, tuple[float, float]] = {
    "sil": (0.0, 0.0), "PP": (0.0, 0.0), "FF": (0.08, 0.1), "TH": (0.2, 0.1), "DD": (0.2, 0.1), "kk": (0.25, 0.0),
    "CH": (0.18, -0.5), "SS": (0.12, 0.5), "nn": (0.2, 0.1), "RR": (0.2, -0.4), "aa": (1.0, 0.1), "E": (0.6, 0.4),
    "ih": (0.35, 0.8), "oh": (0.7, -0.6), "ou": (0.35, -1.0),
}  # fmt: skip
"""ParamMouthOpenY and ParamMouthForm (-1 rounded, 1 spread)."""
LIVE2D_EXPRESSIONS: dict[str, dict[str, float]] = {
    "neutral": {},
    "happy": {"ParamEye#Smile": 0.8, "ParamMouthForm": 0.6, "ParamCheek": 0.5, "ParamBrow#Y": 0.2},
    "sad": {"ParamBrow#Form": -0.6, "ParamBrow#Angle": -0.5, "ParamBrow#Y": -0.3, "ParamMouthForm": -0.6},
    "angry": {"ParamBrow#Angle": 0.8, "ParamBrow#Form": -0.4, "ParamBrow#Y": -0.6, "ParamMouthForm": -0.5},
    "fearful": {"ParamBrow#Y": 0.5, "ParamBrow#Angle": -0.6, "ParamMouthForm": -0.3},
    "disgusted": {"ParamBrow#Y": -0.4, "ParamBrow#Angle": 0.4, "ParamMouthForm": -0.7},
    "surprised": {"ParamBrow#Y": 0.9, "ParamBrow#Form": 0.3},
    "blink": {"ParamEye#Open": -1.0},
}
"""`#` stands for L and R."""

HEAD: dict[str, tuple[float, float, float]] = {
    "nod": (0.0, -9.0, 0.0), "shake": (13.0, 0.0, 0.0), "wave": (0.0, 0.0, 5.0), "point": (8.0, 0.0, 2.0),
    "think": (-7.0, 6.0, 5.0), "shrug": (0.0, 2.0, 6.0), "bow": (0.0, -22.0, 0.0), "open": (0.0, 3.0, -3.0),
}  # fmt: skip
"""Degrees of yaw (to the visitor's right), pitch (up) and roll at the gesture's height; a shake swings."""
ARMS: dict[str, dict[str, float]] = {
    "wave": {"ParamArmRA": 10.0, "ParamHandR": 6.0},
    "point": {"ParamArmRA": 8.0},
    "shrug": {"ParamArmLA": 4.0, "ParamArmRA": 4.0, "ParamShoulderY": 6.0},
    "open": {"ParamArmLA": 6.0, "ParamArmRA": 6.0},
    "think": {"ParamArmRB": 7.0},
}
"""Live2D's arms, -10..10; other renderers play a clip of the gesture's name."""
