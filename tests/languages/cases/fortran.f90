module shapes
  implicit none
  integer, parameter :: limit = 5
  !> A point.
  type, extends(base) :: point
    real :: x
  end type point
  interface area
    module procedure area_of
  end interface
contains
  !> The area of a shape.
  pure real(kind=8) function area_of(x) result(y)
    real, intent(in) :: x ! end function
    if (x > 0) then
      y = x
    end if
  end function area_of
  SUBROUTINE draw(x)
    do i = 1, 2
    enddo
  END
end module shapes
program main
  call draw(1)
end program
