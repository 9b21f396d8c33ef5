"""What a visitor says who wants the avatar to be someone else, or its prompt read aloud: a hint, not a verdict."""

import re
import unicodedata
from typing import Final

_ZH: Final = (
    r"(忽略|无视|忘[记掉了]|不用管|抛开|放弃|跳过|取消)"
    r"[^。！？]{0,12}(指令|指示|规则|规矩|设定|提示|限制|要求|身份|之前的|以上)"
    r"|(系统|初始|原始|内部|隐藏|开头|最初)的?(提示|指令|设定|消息|prompt)|提示词"
    r"|(复述|重复|背诵?|念|读|说|写|列|翻译|输出|打印|告诉我|总结|概括|公布|透露|给我看|改写|编成|倒着)"
    r"[^。！？]{0,16}(指令|规矩|规则|设定|上面的|以上|第一句话|开头|你的提示|人设|对话之前)"
    r"|(从现在(开始|起)|接下来|现在)[^。！？]{0,6}(你(就)?是|你叫|你扮演|扮演|假装|你变成|你要当)"
    r"|(扮演|假装(你)?是|装作|模仿)[^。！？]{0,20}|角色扮演|你(其实|真正|真实)(是|的身份)"
    r"|(以后|今后|从今|从此|往后)[^。！？，]{0,4}(你(就|改)?(叫|是)|叫你)(?!我|他|她|人|谁|什么|车|在|不|怎)"
    r"|(给你|你)(起|取|改|换)(个|了|一个)?新?名|你改叫|你的新名字(叫|是)(?!什么|啥)"
    r"|你(以后|今后|从今|从此|往后)[^。！？，叫是]{0,4}(叫|是)(?!是|我|他|她|人|谁|什么|车|在|不|怎)"
    r"|[以用][^。！？，]{1,12}的(身份|口吻)(?!证)(来|跟|和|对|说|讲|回答|聊|介绍)"
    r"|你(的|有)?[^。！？]{0,8}(提示词?|指令|规矩|规则|设定|人设|system)|对你的要求"
    r"|(上面|前面|开头)的?(话|内容|文字)"
    r"|开发者模式|管理员模式|调试模式|越狱|没有(任何)?限制|不受(任何)?限制"
    r"|我是(你的)?(开发者|管理员|程序员|工程师|老板)"
    r"|(base ?64|摩斯|莫尔斯|十六进制|藏头诗|凯撒|拼音|暗号|密码)"
    r"[^。！？]{0,24}(指令|规则|规矩|提示|设定|上面|以上|前面)"
    r"|(指令|规则|规矩|提示|设定)[^。！？]{0,24}(base ?64|摩斯|莫尔斯|十六进制|藏头诗|诗|歌|英文|翻译|倒过来|拼音)"
)
_EN: Final = (
    r"(ignore|disregard|forget|override|bypass|drop|skip)\b.{0,30}"
    r"\b(instruction|rule|prompt|guideline|restriction|above|previous|persona|training)"
    r"|(system|initial|original|hidden|secret|internal|developer) (prompt|message|instruction|rule)|\bprompt\b"
    r"|(repeat|recite|read|print|output|show|reveal|tell me|say|write|translate|summari[sz]e|list|quote|copy|spell"
    r"|encode|rephrase|rhyme|sing)\b.{0,40}\b(instruction|rules?|prompt|guidelines|everything above|text above"
    r"|words above|first (line|sentence)|were told|was told|configuration|before this conversation)"
    r"|\byour (\w+ )?(prompt|instructions?|rules|guidelines|system message)\b|\byou were told\b|\bbase ?64\b"
    r"|\b(you are|you're) (now|no longer|going to be)\b|from now on|\bpretend\b|\bact as\b|role-?play"
    r"|\bimagine you are\b|\byour new name\b|\byour name (is now|will be|shall be)\b|\bcall yourself\b"
    r"|\byour name is (?-i:[A-Z][a-z]+)\b|\b(speak|talk|answer|respond|reply|behave) (to (me|us) )?(as|like) "
    r"(if you (were|are)\b|(?!\w+ as\b|(well|soon|long|far|much|this|that|these|those|usual|before|possible|if|a|one"
    r"|i|you|he|she|it|we|they|people|your|my|in|to|the (others|rest))\b)\w+"
    r"|an? (?!(little|bit|matter|result|rule|group)\b)\w+)"
    r"|\b(dan|jailbreak|jailbroken|developer mode|debug mode|admin mode|god mode|unrestricted|no restrictions)\b"
    r"|\bi am (your|the) (developer|admin|administrator|engineer|creator|owner|boss)\b"
    r"|(rot13|morse|hex|acrostic|pig latin|cipher|backwards?|reversed?)\b.{0,40}(instruction|rule|prompt|above)"
    r"|(instruction|rules|prompt|above)\b.{0,40}(rot13|morse|hex|acrostic|poem|song|cipher|backwards|translat)"
)
_PATTERNS = re.compile(f"{_ZH}|{_EN}", re.IGNORECASE)
_LONGEST: Final = 2000


def suspicious(text: str) -> bool:
    """Whether it reads like an attempt. A false alarm costs nothing: the model gets a note, the visitor an answer."""
    return _PATTERNS.search(unicodedata.normalize("NFKC", text[:_LONGEST])) is not None
