#import <Foundation/Foundation.h>
#define MAX(a, b) ((a) > (b))
/** A cache. */
@interface Cache<K> : NSObject <NSCoding>
@property (nonatomic, copy) NSString *name;
/// Finds.
- (nullable id)findKey:(NSString *)key inStore:(int)x;
+ (instancetype)shared;
@end
@protocol Shape <NSObject>
- (double)area;
@optional
- (void)draw:(int)x;
@end
@interface Cache (Extras)
- (void)more;
@end
@interface Cache ()
@end
@implementation Cache
- (nullable id)findKey:(NSString *)key inStore:(int)x {
  return nil;
}
+ (instancetype)shared { static Cache *c; return c; }
- (void)dealloc { }
- init { return self; }
static int helper(int x) { return x; }
@end
@implementation Cache (Extras)
- (void)more {}
@end
typedef NS_ENUM(NSInteger, Color) { ColorRed, ColorGreen };
typedef void (^Handler)(int x);
typedef struct { int x; } Point;
struct Node { int y; };
enum E { A, B };
int main(int argc, char *argv[]) { return 0; }
NSString * const Name = @"x";
void (^blk)(int) = ^(int x) { };
NS_ASSUME_NONNULL_BEGIN
static inline CGFloat twice(CGFloat x) { return x; }
NSString *Describe(id x) { return @""; }
NS_ASSUME_NONNULL_END
typedef NS_OPTIONS(NSUInteger, Opt) { OptA = 1 };
